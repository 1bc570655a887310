"""Why a resident travels as it does: options, utilities, draws and choice of each tour, as they were when it chose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from zemsim.core.errors import InputError
from zemsim.core.names import Alternative, DayType, Nest, Purpose, Season
from zemsim.kernels.tour_choice import N_ALTERNATIVES, N_NESTS, fill_inclusive_values, fill_utilities
from zemsim.model.build import ExperimentLike, build_model, run_settings
from zemsim.model.model import MobilityModel
from zemsim.model.point_requests import homes_m
from zemsim.model.shared_car_book import loan_of
from zemsim.model.station_book import ways_to_station
from zemsim.model.tour_columns import SHARED_CAR

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan

_RESIDENT_COLUMNS = ("age", "female", "employed", "student", "licence", "bike", "ebike", "income_ratio", "passes")


def find_resident(model: MobilityModel, resident_id: int) -> int:
    """Row of a resident by its number."""
    rows = np.flatnonzero(model.residents.table.resident_id == resident_id)
    if not len(rows):
        numbers = ", ".join(map(str, model.residents.table.resident_id[:3]))
        hint = f"numbers are not in a row, {numbers} are the first; the table persons of a run has all as resident_id"
        raise InputError(f"there is no resident {resident_id}", hint=hint)
    return int(rows[0])


def explain_today(model: MobilityModel, resident_id: int) -> dict[str, Any]:
    """Options of a resident for each of today's tours, with what is known now; the choice stays as it was made."""
    row = find_resident(model, resident_id)
    residents, plan = model.residents.table, model.today
    first, last = int(residents.tour_start[row]), int(residents.tour_end[row])
    return {
        "resident_id": resident_id,
        "policy": model.policy_id,
        "seed": model.seed,
        "year": model.year,
        "season": model.season.name.lower(),
        "day_type": plan.day_type.name.lower(),
        "resident": {name: residents.columns[name][row].item() for name in _RESIDENT_COLUMNS},
        "home_charging": _home_charging(model, int(residents.household_idx[row])),
        "home_zone": str(model.world.region.zones["zone_id"].iloc[int(residents.zone_idx[row])]),
        "tours": [_explain_tour(model, plan, tour) for tour in range(first, last)],
    }


def _home_charging(model: MobilityModel, home: int) -> dict[str, Any]:
    """Where the household can charge near home, and since when it has asked for a point."""
    households, steps = model.households.table, model.charger_works.doorsteps(model)
    known: dict[str, Any] = {
        "own": bool(households.home_charging[home]),
        "yard": bool(households.yard_charging[home]),
        "asked_since": model.charger_works.asked_since.get(int(households.household_id[home])),
    }
    if steps.row_of is not None and steps.row_of[home] >= 0:
        site = int(steps.near["slow_near"][steps.row_of[home], 0])
        at, to = homes_m(model)[home], model.sites.at_m[site]
        known |= {"post": model.sites.site_id[site], "post_m": float(np.hypot(*(at - to)))}
    return known


def _explain_tour(model: MobilityModel, plan: DayPlan, tour: int) -> dict[str, Any]:
    utility, inclusive = np.empty(N_ALTERNATIVES), np.empty(N_NESTS)
    fill_utilities(plan.columns, plan.crowding, plan.parameters, tour, utility)
    fill_inclusive_values(utility, plan.parameters.nest_scale, inclusive)
    zones = model.world.region.zones["zone_id"]
    c, chosen = plan.columns, int(plan.alternative[tour])
    nests = {
        nest.name.lower(): {
            "scale": float(plan.parameters.nest_scale[nest]),
            "inclusive_value": float(inclusive[nest]),
            "draw": float(c.shock_nest[nest, tour]),
        }
        for nest in Nest
    }
    options = [
        {
            "alternative": alternative.name.lower(),
            "available": bool(np.isfinite(utility[alternative])),
            "utility": float(utility[alternative]),
            "draw": float(c.shock_alternative[alternative, tour]),
            **_service(plan, tour, alternative),
            **ways_to_station(model, plan, tour, alternative),
        }
        for alternative in Alternative
    ]
    return {
        "purpose": Purpose(int(plan.column("purpose")[tour])).name.lower(),
        "from_zone": str(zones.iloc[int(c.origin[tour])]),
        "to_zone": str(zones.iloc[int(c.dest[tour])]),
        "depart_min": int(plan.allotment.depart_min[tour]),
        "leave_min": int(plan.column("leave_min")[tour]),
        "road_km": float(c.road_km[tour]),
        "options": options,
        "nests": nests,
        "choice": Alternative(chosen).name.lower() if chosen >= 0 else None,
    }


def _service(plan: DayPlan, tour: int, alternative: Alternative) -> dict[str, float]:
    """Times and money of an option, one way, where it has any."""
    c = plan.columns
    if alternative in (Alternative.BUS, Alternative.TRAIN):
        k = alternative - Alternative.BUS
        if not c.transit_ok[k, tour]:
            return {}
        ride, wait, headway, walk, transfers = (float(x) for x in c.transit[k, :, tour])
        return {
            "ride_min": ride,
            "wait_min": wait,
            "headway_min": headway,
            "walk_min": walk,
            "transfers": transfers,
            "eur": float(c.fare_eur[k, tour]),
            "with_pass": bool(plan.tickets.with_pass(np.array([tour]), plan.due_eur(np.array([tour])))[0, k]),
        }
    if alternative in (Alternative.DRIVER, Alternative.PASSENGER):
        service = {
            "ride_min": float(plan.out_min[tour] + plan.back_min[tour]) / 2.0,
            "door_min": float(c.road_min[tour]),
        }
        if alternative == Alternative.DRIVER and c.vehicle[tour] == SHARED_CAR:
            return service | loan_of(plan, tour)
        if alternative == Alternative.DRIVER and c.vehicle[tour] >= 0:
            service |= {"eur": float(c.drive_eur[tour]), "parking_eur_tour": float(c.parking_eur[tour])}
        return service
    minutes = {Alternative.WALK: c.walk_min, Alternative.BIKE: c.bike_min, Alternative.EBIKE: c.ebike_min}
    ride_min = float(minutes[alternative][tour])
    km = {"km": float(plan.active_km[tour])}
    return {**km, "ride_min": ride_min} if np.isfinite(ride_min) else km


def explain(
    experiment: ExperimentLike,
    resident_id: int,
    policy: str = "baseline",
    seed: int = 1,
    year: int | None = None,
    season: str | None = None,
    day_types: Iterable[str] = ("weekday",),
    threads: int = 1,
) -> list[dict[str, Any]]:
    """Repeat a run up to a simulated year and look over a resident's shoulder at the moment of its last choice.

    Parameters
    ----------
    experiment : the experiment of the run.
    resident_id : number of the resident (column ``resident_id`` of its agent).
    policy, seed : which run.
    year : a simulated year, the first if left out.
    season : a simulated season, the first if left out.
    day_types : which days to tell of.

    Returns
    -------
    list of dict
        One per day type, see `explain_today`.
    """
    settings = run_settings(experiment)
    wanted_year = settings.days_in[0] if year is None else year
    wanted_season = settings.seasons[0] if season is None else Season[season.upper()]
    if wanted_year not in settings.days_in or wanted_season not in settings.seasons:
        raise InputError(
            f"no days are simulated in {wanted_season.name.lower()} {wanted_year}",
            hint=f"years {list(settings.days_in)}, seasons {[s.name.lower() for s in settings.seasons]}",
        )
    model = build_model(experiment, policy, seed, threads)
    find_resident(model, resident_id)
    found: list[dict[str, Any]] = []
    names = {DayType[name.upper()] for name in day_types}

    def look(model: MobilityModel) -> None:
        last = model.iteration == model.last_iteration
        if last and (model.year, model.season) == (wanted_year, wanted_season) and model.today.day_type in names:
            found.append(explain_today(model, resident_id))

    model.observer = look
    for each in settings.years:
        model.year = each
        model.run_year()
        if each == wanted_year:
            break
    return found
