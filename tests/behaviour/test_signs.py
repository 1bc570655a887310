"""Each lever moves its indicator the right way, beyond the 95 % interval over paired seeds: the table is signs.csv.

Two experiments on the whole region through the public names, from files that hold every measure: `signs.toml`, and
`reactions.toml` for what answers a year after simulated days. Levers that do not touch each other's indicator share a
policy. A difference is taken to the policy in column ``against``.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import zemsim
from zemsim.core.names import ChargingPlace, Mode, Powertrain
from zemsim.experiment.statistics import Paired, paired
from zemsim.model.charging_week import shares_by_hour
from zemsim.policy.levers import LEVERS

if TYPE_CHECKING:
    from zemsim.experiment.run_folder import Run
    from zemsim.population import Population
    from zemsim.region import Region

HERE = Path(__file__).parent
EXPERIMENTS = ("signs", "reactions")
with (HERE / "signs.csv").open(encoding="utf-8") as _file:
    SIGNS = list(csv.DictReader(_file))
_EVENING = slice(17, 21)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """The runs of both experiments."""
    folder = tmp_path_factory.mktemp("signs")
    found = []
    for name in EXPERIMENTS:
        file = shutil.copy(HERE / f"{name}.toml", folder / f"{name}.toml")
        found.append(zemsim.run(zemsim.load_experiment(file), out=folder / name))
    return found


@pytest.fixture(scope="module")
def run_of(runs: list[Run]) -> Mapping[str, Run]:
    """The run of each policy but the baseline."""
    return {policy: run for run in runs for policy in run.policies if policy != "baseline"}


@pytest.fixture(scope="module")
def differences(run_of: Mapping[str, Run]) -> pd.DataFrame:
    """Paired differences of the region by policy, against, indicator and group, in the last year."""
    tables = []
    for policy, against in {(row["policy"], row["against"]) for row in SIGNS}:
        run = run_of[policy]
        table = zemsim.compare(run, baseline=against, year=max(run.simulated_years), place="region")
        tables.append(table[table["policy"] == policy].assign(against=against))
    return pd.concat(tables).set_index(["policy", "against", "indicator", "group"]).sort_index()


# --- indicators that a run does not publish, recomputed from its tables ---------------------------------------------


def car_trips_to_jelgava(run: Run, policy: str, seed: int) -> float:
    """Tours driven to the city by residents of other places and its own, on the simulated days."""
    trips, tours, zones = run.tables("trips", policy, seed), run.tables("tours", seed=seed), run.tables("zones")
    moved, dest = run.tables("destinations", policy, seed), tours["dest_zone_idx"].to_numpy().copy()
    dest[moved["tour_idx"]] = moved["dest_zone_idx"]  # one simulated year
    there = (zones["settlement_id"] == "jelgava").to_numpy()[dest]
    driven = trips["mode"].isin([Mode.CAR, Mode.EV]).to_numpy()
    return float(there[trips["tour_idx"].to_numpy()[driven]].sum())


def bus_tours_of(settlement: str, run: Run, policy: str, seed: int) -> float:
    """Tours by bus of those who live in a settlement, on the simulated days."""
    trips, tours, zones = run.tables("trips", policy, seed), run.tables("tours", seed=seed), run.tables("zones")
    lives = (zones["settlement_id"] == settlement).to_numpy()[tours["origin_zone_idx"].to_numpy()]
    assert lives.any()
    by_bus = trips["tour_idx"].to_numpy()[(trips["mode"] == Mode.BUS).to_numpy()]
    return float(lives[by_bus].sum())


def electric_km_of(network: str, run: Run, policy: str, seed: int) -> float:
    """Kilometres a day that electric buses of a network drive, both day types."""
    rows = run.tables("transit", policy, seed)
    rows = rows[rows["network_id"] == network]
    assert len(rows)
    return float((rows["vehicle_km_day"] * rows["electric_share"]).sum())


def evening_share_of_home(run: Run, policy: str, seed: int) -> float:
    """Share of the energy charged at home that is charged from 17 to 21."""
    rows = run.tables("sessions", policy, seed)
    rows = rows[rows["place"] == ChargingPlace.HOME]
    start, kwh = rows["start_min"].to_numpy(np.float64), rows["kwh"].to_numpy()
    by_hour = kwh @ shares_by_hour(start, start + rows["charge_min"].to_numpy(np.float64))
    return float(by_hour[_EVENING].sum() / by_hour.sum())


def _public(run: Run, policy: str, seed: int) -> pd.DataFrame:
    rows = run.tables("sessions", policy, seed)
    return rows[rows["place"] >= ChargingPlace.PUBLIC_SLOW]


def public_sessions(run: Run, policy: str, seed: int) -> float:
    return float(len(_public(run, policy, seed)))


def solar_share_of_public(run: Run, policy: str, seed: int) -> float:
    """Share of the energy of public sites that is solar."""
    rows = _public(run, policy, seed)
    return float((rows["kwh"] * rows["solar_share"]).sum() / rows["kwh"].sum())


def points_of(measure: str, run: Run, policy: str, seed: int) -> float:
    """Charging points of a measure in the last year."""
    rows = run.tables("stations", policy, seed)
    rows = rows[rows["year"] == max(run.simulated_years)]
    own = rows["site_id"].str.startswith(f"{measure}/")
    return float(rows.loc[own, "points"].sum())


def points_beside(measure: str, run: Run, policy: str, seed: int) -> float:
    """Charging points of all others in the last year."""
    rows = run.tables("stations", policy, seed)
    everywhere = rows.loc[rows["year"] == max(run.simulated_years), "points"].sum()
    return float(everywhere) - points_of(measure, run, policy, seed)


#: Indicators by name; those after a colon take what follows it as their first argument.
OWN: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (
        car_trips_to_jelgava,
        bus_tours_of,
        electric_km_of,
        evening_share_of_home,
        public_sessions,
        solar_share_of_public,
        points_of,
        points_beside,
    )
}


def by_seed(run: Run, policy: str, indicator: str, flat: np.ndarray) -> np.ndarray:
    """An indicator of `OWN`, or the share of electric cars of flats, one value a seed."""
    name, _, argument = indicator.partition(":")
    if name in OWN:
        return np.array([OWN[name](*filter(None, [argument]), run, policy, seed) for seed in run.seeds])
    assert indicator == "ev_share_of_flats"
    found = []
    for seed in run.seeds:
        cars = run.tables("vehicles", policy, seed)
        cars = cars[(cars["year"] == max(run.simulated_years)) & flat[cars["household_idx"]]]
        found.append(float((cars["powertrain"] == Powertrain.BEV).mean()))
    return np.array(found)


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", SIGNS, ids=lambda row: f"{row['policy']}: {row['indicator']} {row['group']}")
def test_sign(
    row: dict[str, str],
    run_of: Mapping[str, Run],
    differences: pd.DataFrame,
    zemgale: Region,
    zemgale_population: Population,
) -> None:
    key = (row["policy"], row["against"], row["indicator"], row["group"])
    if key in differences.index:
        found = differences.loc[key]
        assert found["seeds"] == 3
        diff, low, high = float(found["diff"]), float(found["low"]), float(found["high"])
    else:
        flat = zemgale_population.households["flat"].to_numpy()
        run = run_of[row["policy"]]
        result: Paired = paired(
            *(by_seed(run, policy, row["indicator"], flat) for policy in (row["policy"], row["against"]))
        )
        diff, low, high = result.mean, result.low, result.high
    print(f"{key}: {diff:.6g} [{low:.6g}, {high:.6g}]")
    match row["sign"]:
        case "up":
            assert low > 0, (key, diff, low, high)
        case "down":
            assert high < 0, (key, diff, low, high)
        case "not up":
            assert low <= 0, (key, diff, low, high)
        case other:
            pytest.fail(f"signs.csv knows up, down and not up, not {other}")


def test_every_lever_is_in_the_table() -> None:
    """Fails for a kind of lever without a row, and for a row of none."""
    assert {row["lever"] for row in SIGNS} == set(LEVERS)


def test_every_row_names_a_lever_that_its_policy_pulls_and_the_other_not_so(runs: list[Run]) -> None:
    """The other policy leaves the lever alone, or pulls it otherwise."""
    measures = {"baseline": list[dict[str, Any]]()}
    for run in runs:
        measures |= {row["id"]: row["measures"] for row in run.experiment["policies"]}

    def pulled(policy: str, lever: str) -> list[dict[str, Any]]:
        return [{k: v for k, v in m.items() if k != "id"} for m in measures[policy] if m["lever"] == lever]

    for row in SIGNS:
        here, there = (pulled(row[policy], row["lever"]) for policy in ("policy", "against"))
        assert here, row
        assert here != there, row


def test_every_policy_of_the_experiments_is_in_the_table(runs: list[Run]) -> None:
    assert {policy for run in runs for policy in run.policies} == {"baseline"} | {row["policy"] for row in SIGNS}
    assert all(case["status"] == "ok" for run in runs for case in run.cases)
