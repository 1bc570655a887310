"""Fit the mode constants and the purchase constants of the base year; writes the tables that `behaviour` reads.

Run as ``python -m zemsim.calibrate.constants``. A constant moves by the logarithm of target over model until they meet
(Berry's inversion, damped). There is one shift per alternative, none by place, purpose, origin or destination; only the
bus has two, for tours inside a city and for all others, because city and regional buses have a target each. What has no
target (the e-bike) keeps a stated relation. Targets and their grades are in `targets.csv` beside this file; what other
targets say stays held out.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import SEGMENTS, Parameters
from zemsim.calibrate.purchases import fit_purchase_constants
from zemsim.core.names import Alternative, Powertrain, Purpose, Season
from zemsim.experiment.experiment import load_experiment
from zemsim.model import day
from zemsim.model.build import build_world
from zemsim.model.model import MobilityModel
from zemsim.model.school_runs import drive_to_school
from zemsim.model.transit_day import transit_loads
from zemsim.model.year import set_conditions

#: Routes of the electric lines, whose passengers the target of the trains counts.
ELECTRIC_RAIL = ("rail-jelgava", "rail-aizkraukle")
_FOLDER = Path(str(files("zemsim.behaviour")))
_ROUNDS = 20
_RUNS = 3
_DAMPING = 0.7


@dataclass(frozen=True)
class Target:
    """A figure to be met."""

    key: str
    value: float
    grade: str
    source: str


def read_targets() -> dict[str, Target]:
    """The targets of this fit."""
    text = files("zemsim.calibrate").joinpath("targets.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["key"]: Target(row["key"], float(row["value"]), row["grade"], row["source"]) for row in rows}


class Count:
    """What the model says of each target of the mode choice: sums over days that were chosen."""

    def __init__(self, model: MobilityModel) -> None:
        routes = model.supply.timetable.routes
        self._networks = routes["network_id"].to_numpy()
        self._electric_rail = routes["route_id"].isin(ELECTRIC_RAIL).to_numpy()
        self._sums = dict.fromkeys(
            ("work", "work_walk", "work_bike", "driver", "passenger", "regional_bus", "jelgava_bus", "electric_rail"),
            0.0,
        )

    def add(self, model: MobilityModel) -> None:
        """Add the day that the model has just chosen, as often as it comes in a year."""
        sums, plan = self._sums, model.today
        days, chosen = model.days_of(model.season)[plan.day_type], plan.alternative
        work = plan.column("purpose") == Purpose.WORK
        sums["work"] += days * work.sum()
        sums["work_walk"] += days * (work & (chosen == Alternative.WALK)).sum()
        bikes = (chosen == Alternative.BIKE) | (chosen == Alternative.EBIKE)
        sums["work_bike"] += days * (work & bikes).sum()
        sums["driver"] += days * (chosen == Alternative.DRIVER).sum()
        sums["passenger"] += days * (chosen == Alternative.PASSENGER).sum()
        boardings = transit_loads(model)[plan.day_type].boardings.sum(axis=1)
        by_route = np.bincount(model.supply.timetable.pattern_route, boardings, len(self._networks))
        sums["jelgava_bus"] += days * by_route[self._networks == "city_bus_jelgava"].sum()
        sums["regional_bus"] += days * by_route[self._networks == "regional_bus"].sum()
        sums["electric_rail"] += days * by_route[self._electric_rail].sum()

    def figures(self) -> dict[str, float]:
        """A figure for each target."""
        sums = self._sums
        return {
            "commute_share_walk": sums["work_walk"] / sums["work"],
            "commute_share_bike": sums["work_bike"] / sums["work"],
            "passengers_per_driver": sums["passenger"] / sums["driver"],
            "jelgava_city_bus_boardings_year": sums["jelgava_bus"],
            "regional_bus_boardings_year": sums["regional_bus"],
            "electric_rail_boardings_year": sums["electric_rail"],
        }


def modelled(model: MobilityModel) -> dict[str, float]:
    """What the model says of each target at times on empty roads and with seats for all, both seasons."""
    count = Count(model)
    for season in Season:
        model.start_season(season)
        for day_type in model.plans:
            day.use_day(model, day_type)
            day.allot_household_cars(model)
            day.choose_modes(model)
            drive_to_school(model)
            count.add(model)
    return count.figures()


def as_run(model: MobilityModel) -> dict[str, float]:
    """What the first year of a run says of each target: with traffic, full buses, and the cars bought in the year."""
    model.start("baseline", ())
    set_conditions(model)
    count = Count(model)

    def observe(of: MobilityModel) -> None:
        if of.iteration == of.last_iteration:
            count.add(of)

    model.observer = observe
    try:
        model.run_year()
    finally:
        model.observer = None
    model.start("baseline", ())
    set_conditions(model)
    return count.figures()


def _shift(constants: npt.NDArray[np.float64], key: str, step: float, p: Parameters) -> None:
    """Move the constants that answer to a target."""
    if key == "commute_share_walk":
        constants[:, Alternative.WALK] += step
    elif key == "commute_share_bike":
        constants[:, Alternative.BIKE] += step
        constants[:, Alternative.EBIKE] = constants[:, Alternative.BIKE] + p["asc_ebike_minus_bike"]
    elif key == "passengers_per_driver":
        constants[:, Alternative.PASSENGER] += step
    elif key == "jelgava_city_bus_boardings_year":
        constants[SEGMENTS.index("city"), Alternative.BUS] += step
    elif key == "regional_bus_boardings_year":
        constants[SEGMENTS.index("regional"), Alternative.BUS] += step
    elif key == "electric_rail_boardings_year":
        constants[:, Alternative.TRAIN] += step


def fit_mode_constants(model: MobilityModel, targets: dict[str, Target]) -> tuple[npt.NDArray[np.float64], Any]:
    """Constants [segments, alternatives] and what the first year of a run then says.

    A run with all its iterations is dear, so the constants are fitted to single days; then again to targets moved by
    as much as a run differs from the figures wanted.
    """
    wanted = {key: target.value for key, target in targets.items()}
    constants, moved = model.parameters.mode_constants, wanted
    for _ in range(_RUNS):
        constants, found = fitted_to_days(model, moved, constants, _ROUNDS)
        ran = as_run(model)
        moved = moved | {key: found[key] * wanted[key] / ran[key] for key in ran}
    constants, _ = fitted_to_days(model, moved, constants, _ROUNDS)
    return constants, as_run(model)


def fitted_to_days(
    model: MobilityModel, wanted: Mapping[str, float], first: npt.NDArray[np.float64], rounds: int
) -> tuple[npt.NDArray[np.float64], dict[str, float]]:
    """Constants [segments, alternatives] moved from ``first`` until days say what is wanted; and what they say."""
    constants, found = first.copy(), dict[str, float]()
    for _ in range(rounds):
        _take(model, constants)
        found = modelled(model)
        for key, value in found.items():
            _shift(constants, key, _DAMPING * float(np.log(wanted[key] / value)), model.parameters)
    _take(model, constants)
    return constants, found


def _take(model: MobilityModel, constants: npt.NDArray[np.float64]) -> None:
    """Let the model choose by these constants."""
    for plan in model.plans.values():
        plan.set_constants(constants)


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _answers(segment: str, alternative: Alternative) -> str:
    """What a constant was fitted to."""
    if alternative == Alternative.BUS:
        return "jelgava_city_bus_boardings_year" if segment == "city" else "regional_bus_boardings_year"
    return _ANSWERS[alternative]


_ANSWERS = {
    Alternative.WALK: "commute_share_walk",
    Alternative.BIKE: "commute_share_bike",
    Alternative.EBIKE: "asc_ebike_minus_bike",
    Alternative.TRAIN: "electric_rail_boardings_year",
    Alternative.DRIVER: "reference",
    Alternative.PASSENGER: "passengers_per_driver",
}


def base_model() -> MobilityModel:
    """The baseline of the default experiment, seed 1, at the start of its first year."""
    model = MobilityModel(build_world(load_experiment(), [1]), 1)
    set_conditions(model)
    return model


def write_modes(modes: npt.NDArray[np.float64], folder: Path = _FOLDER) -> None:
    """Write the constants of the mode choice into the table that `behaviour` reads, or into a folder."""
    _write(
        folder / "mode_constants.csv",
        ("segment", "alternative", "value", "grade", "target"),
        [
            (s, a.name.lower(), round(float(modes[i, a]), 4), "calibrated", _answers(s, a))
            for i, s in enumerate(SEGMENTS)
            for a in Alternative
        ],
    )


def write_purchases(purchases: npt.NDArray[np.float64], none: npt.NDArray[np.float64], folder: Path = _FOLDER) -> None:
    """Write the constants of the car purchase into the table that `behaviour` reads, or into a folder."""
    rows = [
        (p.name.lower(), age, round(float(purchases[p, j]), 4), "calibrated", f"{p.name.lower()}_{age}")
        for p in Powertrain
        for j, age in enumerate(("new", "used"))
    ]
    rows.append(("none", "owned", round(float(none[0]), 4), "calibrated", "given_up_share"))
    rows.append(("none", "empty", round(float(none[1]), 4), "calibrated", "added_per_given_up"))
    _write(folder / "purchase_constants.csv", ("powertrain", "age", "value", "grade", "target"), rows)


def main() -> None:
    """Fit on the baseline of the default experiment, seed 1, and write both tables."""
    targets, model = read_targets(), base_model()
    modes, found = fit_mode_constants(model, targets)
    purchases, none, wanted, bought = fit_purchase_constants(model, targets)
    write_modes(modes)
    write_purchases(purchases, none)
    for key, value in found.items():
        print(f"{key}: target {targets[key].value:g}, model {value:.4g} ({targets[key].grade})")
    print("purchases, target and model share:", wanted.round(4).tolist(), bought.shares.round(4).tolist())


if __name__ == "__main__":
    main()
