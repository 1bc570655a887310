"""How far the main results move when a parameter moves to the ends of its range, one at a time.

Run as ``python -m zemsim.calibrate.sensitivity [--sample SHARE] [--seeds N] [SYMBOL ...]``. It writes
`sensitivity.csv`, which `zemsim parameters` shows; with symbols, what the file says of others is kept if it was worked
out alike.

Results are those of the last year of the default experiment: car-km, trips by bus and train, the share of electric
cars, CO2, and the effects of two measures. Seeds are common to all runs, so a parameter on which a result does not
depend moves it by nothing at all. Constants that are fitted stay as they are: what is told is the move before a new
fit. Buses and charging points are not scaled with the sample: what works through crowds and queues alone moves nothing.

Without options all ends of all ranges take some 20 minutes of one processor; to that end days are repeated twice, not
three times: `b_cost` moved car-km by 2.27 % so and by 2.29 % with three, the effect of dearer fuel by 18.8 and 18.7 %.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from zemsim.behaviour.parameters import Parameter, Parameters, load_parameters
from zemsim.calibrate.register import CENTRAL, HEAD, RESULTS, TAIL, digest_of, register
from zemsim.calibrate.sampling import check_share, sampled
from zemsim.core.errors import InputError
from zemsim.evidence.indicators import Setting, indicators
from zemsim.evidence.places import REGION
from zemsim.experiment.experiment import BASELINE, Experiment, load_experiment
from zemsim.experiment.prepare import factors_of
from zemsim.experiment.progress import Progress, shown
from zemsim.experiment.shared_tables import persons_table, with_transit_km, zones_table
from zemsim.model.build import build_world
from zemsim.model.model import MobilityModel
from zemsim.travel.active import ActiveRules
from zemsim.travel.active_ways import ActiveWays
from zemsim.travel.timetable import Timetable

if TYPE_CHECKING:
    from zemsim.model.world import World

SAMPLE: Final = 0.08
SEEDS: Final = 1
#: Repetitions of a day, and further ones in the first simulated season.
_ITERATIONS: Final = (2, 1)
#: Policies of the default experiment whose effects are watched.
_HALF_FARES: Final = "half-fares"
_DEARER_FUEL: Final = "dearer-fuel"


def watched_experiment() -> Experiment:
    """The default experiment with the two policies, its first and last year simulated."""
    experiment = load_experiment().with_settings(policies=[BASELINE, _HALF_FARES, _DEARER_FUEL])
    usual, first = _ITERATIONS
    return dataclasses.replace(experiment, days_in=experiment.years, day_iterations=usual, first_iterations=first)


def ends(parameters: Parameters) -> Iterator[tuple[Parameter, str, float]]:
    """Every parameter that a run reads with the ends of its range that are not its value."""
    for p in parameters.table.values():
        for side, value in (("low", p.low), ("high", p.high)):
            if p.used and value != p.value:
                yield p, side, value


def moved(world: World, symbol: str, value: float) -> World:
    """A world with another value of a parameter, and what of it rests on parameters made anew."""
    parameters = world.parameters.with_values({symbol: value})
    active = world.active
    if active is not None:
        active = ActiveWays.of(world.region, Timetable.from_region(world.region), ActiveRules.of(parameters))
    return dataclasses.replace(world, parameters=parameters, active=active)


def results(world: World, experiment: Experiment, settings: dict[int, Setting]) -> np.ndarray:
    """The results [RESULTS], means over the seeds."""
    found: np.ndarray = np.mean(
        [_of_seed(world, experiment, seed, setting) for seed, setting in settings.items()], axis=0
    )
    return found


def _of_seed(world: World, experiment: Experiment, seed: int, setting: Setting) -> list[float]:
    model = MobilityModel(world, seed)
    found: dict[str, dict[str, float]] = {}
    try:
        for policy in experiment.policies:
            model.start(policy.id, policy.measures)
            found[policy.id] = _figures(indicators(model.run(), setting, policy.id, seed), experiment.years[1])
    finally:
        model.close()
    usual = found[BASELINE]
    return [
        usual["car_km"],
        usual["transit_trips"],
        usual["bev_share"],
        usual["co2"],
        found[_HALF_FARES]["transit_trips"] - usual["transit_trips"],
        found[_DEARER_FUEL]["car_km"] - usual["car_km"],
    ]


def _figures(table: Any, year: int) -> dict[str, float]:
    """The figures of the region in a year."""
    rows = table[(table["year"] == year) & (table["group"] == "all") & (table["place"] == REGION)]
    value = rows.set_index("indicator")["value"]
    return {
        "car_km": float(value["car_km_year"]),
        "transit_trips": float(value["bus_trips_year"] + value["train_trips_year"]),
        "bev_share": float(value["ev_share"]),
        "co2": float(value["co2_wtw_kg_year"]),
    }


def settings_of(world: World, experiment: Experiment) -> dict[int, Setting]:
    """What the indicators need, by seed."""
    zones, persons = zones_table(world.region), persons_table(world.region, world.population)
    return {
        seed: Setting(
            zones=zones,
            persons=persons,
            tours=with_transit_km(world.tours[seed], world),
            years=world.settings.years,
            simulated=world.settings.days_in,
            factors=factors_of(world.region),
            seasons=world.settings.seasons,
            first_change=experiment.first_change,
        )
        for seed in experiment.seeds
    }


def sensitivity(
    sample: float, seeds: int, progress: Progress, symbols: Sequence[str] | None = None
) -> list[dict[str, str]]:
    """Return the rows of `sensitivity.csv`: the results as they are, then shares by which each end moves them.

    Parameters
    ----------
    sample : float
        Share of the households.
    seeds : int
        Seeds 1 to this number.
    progress : callable
        Told what is done next.
    symbols : sequence of str, optional
        Only these parameters; all that a run reads without it.
    """
    check_share(sample)
    progress(0, 0, "building the region and its residents")
    experiment = watched_experiment().with_settings(seeds=seeds)
    world = build_world(experiment, experiment.seeds)
    told = (digest_of(world.parameters), f"{sample:g}", str(seeds), str(experiment.years[1]))
    about = dict(zip(TAIL, told, strict=True))
    for symbol in symbols or ():
        _ = world.parameters[symbol]  # an unknown one is an error that names the nearest
    asked = [end for end in ends(world.parameters) if symbols is None or end[0].symbol in symbols]
    world = sampled(world, sample)
    settings = settings_of(world, experiment)
    progress(0, len(asked), "results as they are")
    usual = results(world, experiment, settings)
    rows = [_row("", CENTRAL, "", usual, about)]
    for number, (parameter, side, value) in enumerate(asked):
        progress(number, len(asked), f"{parameter.symbol} {side}")
        share = np.full(len(usual), np.nan)
        with contextlib.suppress(InputError):  # an end that other parameters forbid says nothing: its moves are blank
            found = results(_with_value(world, parameter.symbol, value, sample), experiment, settings)
            np.divide(found - usual, np.abs(usual), out=share, where=usual != 0.0)
        rows.append(_row(parameter.symbol, side, f"{value:g}", share, about))
    progress(len(asked), len(asked), "done")
    return rows


def _with_value(world: World, symbol: str, value: float, sample: float) -> World:
    """`moved` for a sample, whose cars stand for more of them: see `sampled`."""
    if symbol != "peak_hour_share":
        return moved(world, symbol, value)
    table = world.parameters.table
    scaled = dataclasses.replace(table[symbol], value=value / sample)
    return dataclasses.replace(world, parameters=dataclasses.replace(world.parameters, table={**table, symbol: scaled}))


def _row(symbol: str, side: str, value: str, numbers: np.ndarray, about: dict[str, str]) -> dict[str, str]:
    figures = {name: "" if np.isnan(x) else f"{x:.6g}" for name, x in zip(RESULTS, numbers, strict=True)}
    return {**dict(zip(HEAD, (symbol, side, value), strict=True)), **figures, **about}


def merged(old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The new rows, and those old ones of other parameters that were worked out in the same way; central first."""
    told = {key: new[0][key] for key in TAIL}
    renewed = {row["symbol"] for row in new}
    kept = [row for row in old if row["symbol"] not in renewed and all(row[key] == told[key] for key in TAIL)]
    order = {symbol: position for position, symbol in enumerate(load_parameters().table, 1)}
    return sorted([*new, *kept], key=lambda row: order.get(row["symbol"], 0))


def write(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Write the rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, (*HEAD, *RESULTS, *TAIL), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Work the moves out and write them beside this module, and into `calibration` of a source tree."""
    parser = argparse.ArgumentParser(prog="python -m zemsim.calibrate.sensitivity", description=main.__doc__)
    parser.add_argument("--sample", type=float, default=SAMPLE, help="share of the households")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of common seeds")
    parser.add_argument("symbols", nargs="*", metavar="SYMBOL", help="only these parameters")
    asked = parser.parse_args()
    begin = time.process_time()
    with shown(None) as show:
        new = sensitivity(asked.sample, asked.seeds, show, asked.symbols or None)
    print(f"ends moved: {len(new) - 1}; {(time.process_time() - begin) / 60:.1f} minutes of processor time")
    rows = merged(register().rows, new)
    home = Path(str(files("zemsim.calibrate")))
    write(rows, home / "sensitivity.csv")
    tree = home.parents[1] / "calibration"
    if (tree / "README.md").is_file():
        write(rows, tree / "sensitivity.csv")


if __name__ == "__main__":
    main()
