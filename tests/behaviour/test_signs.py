"""Each lever moves its indicator the right way, beyond the 95 % interval over paired seeds: the table is signs.csv.

One experiment on the whole region through the public names, from a file that holds every measure.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import zemsim
from zemsim.core.names import Mode, Powertrain
from zemsim.experiment.statistics import Paired, paired

if TYPE_CHECKING:
    from zemsim.experiment.run_folder import Run
    from zemsim.population import Population
    from zemsim.region import Region

HERE = Path(__file__).parent
with (HERE / "signs.csv").open(encoding="utf-8") as _file:
    SIGNS = list(csv.DictReader(_file))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("signs")
    file = shutil.copy(HERE / "signs.toml", folder / "signs.toml")
    return zemsim.run(zemsim.load_experiment(file), out=folder / "run")


@pytest.fixture(scope="module")
def differences(run: Run) -> pd.DataFrame:
    """Paired differences of the region to the baseline by policy, indicator and group, in the last year."""
    table = zemsim.compare(run, year=max(run.simulated_years), place="region")
    return table.set_index(["policy", "indicator", "group"])


def car_trips_to_jelgava(run: Run, policy: str, seed: int) -> float:
    """Tours driven to the city by residents of other places and its own, on the simulated days."""
    trips, tours, zones = run.tables("trips", policy, seed), run.tables("tours", seed=seed), run.tables("zones")
    moved, dest = run.tables("destinations", policy, seed), tours["dest_zone_idx"].to_numpy().copy()
    dest[moved["tour_idx"]] = moved["dest_zone_idx"]  # one simulated year
    there = (zones["settlement_id"] == "jelgava").to_numpy()[dest]
    driven = trips["mode"].isin([Mode.CAR, Mode.EV]).to_numpy()
    return float(there[trips["tour_idx"].to_numpy()[driven]].sum())


def by_seed(run: Run, policy: str, indicator: str, flat: np.ndarray) -> np.ndarray:
    """An indicator that the run does not publish, recomputed from its tables, one value a seed."""
    if indicator == "car_trips_to_jelgava":
        return np.array([car_trips_to_jelgava(run, policy, seed) for seed in run.seeds])
    assert indicator == "ev_share_of_flats"
    found = []
    for seed in run.seeds:
        cars = run.tables("vehicles", policy, seed)
        cars = cars[(cars["year"] == max(run.simulated_years)) & flat[cars["household_idx"]]]
        found.append(float((cars["powertrain"] == Powertrain.BEV).mean()))
    return np.array(found)


@pytest.mark.parametrize("row", SIGNS, ids=lambda row: f"{row['policy']}: {row['indicator']} {row['group']}")
def test_sign(
    row: dict[str, str], run: Run, differences: pd.DataFrame, zemgale: Region, zemgale_population: Population
) -> None:
    key = (row["policy"], row["indicator"], row["group"])
    if key in differences.index:
        found = differences.loc[key]
        assert found["seeds"] == 3
        diff, low, high = float(found["diff"]), float(found["low"]), float(found["high"])
    else:
        flat = zemgale_population.households["flat"].to_numpy()
        result: Paired = paired(
            *(by_seed(run, policy, row["indicator"], flat) for policy in (row["policy"], "baseline"))
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


def test_every_lever_with_a_sign_is_in_the_table() -> None:
    assert {row["lever"] for row in SIGNS} >= {
        "fuel_price",
        "bus_fare",
        "bus_frequency",
        "public_chargers",
        "yard_chargers",
        "ev_purchase_grant",
        "ebike_grant",
        "parking_price",
        "shared_ebikes",
        "electricity_price",
    }


def test_every_policy_of_the_experiment_is_in_the_table(run: Run) -> None:
    assert set(run.policies) == {"baseline"} | {row["policy"] for row in SIGNS}
    assert all(case["status"] == "ok" for case in run.cases)
