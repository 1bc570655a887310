"""The baseline against what is known: trip rate, kilometres, modes, cars, commuting, boardings, with their sources."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final

import numpy as np
import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR, ChargingPlace, DayType, Mode, Powertrain, Purpose
from zemsim.evidence.commuting import commuting_shares
from zemsim.evidence.emissions import CITY_BUS
from zemsim.evidence.indicators import Setting
from zemsim.evidence.rows import ratio
from zemsim.evidence.scores import accepted, stands, with_scores
from zemsim.evidence.travel import DAYS_BY_TYPE, travel_km
from zemsim.evidence.users import users_on_a_day

#: Ages that the mobility survey asks, both included.
SURVEY_AGES: Final = (15, 84)

_BIKES: Final = (Mode.BIKE, Mode.EBIKE)
_USERS: Final[dict[str, tuple[Mode, ...]]] = {
    "car": (Mode.CAR, Mode.EV, Mode.PASSENGER),
    "transit": (Mode.BUS, Mode.TRAIN),
    "bike": _BIKES,
}
_JELGAVA: Final = {
    "home": ("settlement_id", "jelgava"),
    "riga": ("settlement_id", "riga"),
    "novads": ("municipality", "Jelgavas novads"),
}
#: Region that the facts are about; they say nothing about another.
FACTS_OF: Final = "zemgale"
REGIONAL_BUS: Final = "regional_bus"
#: Years at whose end the register is known.
_STOCK_YEARS: Final = (2024, 2025)
#: Electric lines whose passengers are known; diesel trains on the same rails are not among them.
_RAIL_LINES: Final = ("jelgava", "aizkraukle")
_CITIES: Final = ("jelgava", "jekabpils")


@dataclass(frozen=True)
class Fact:
    """A figure that the baseline is held against; ``use`` is ``fit`` or ``hold-out``, an unknown year is None.

    ``score`` is one of `zemsim.evidence.scores.SCORES`; ``group`` names the facts that are ranked together, else empty.
    ``decimals`` are those that the source gives. A figure without a range has ``low == value == high``.
    """

    fact: str
    value: float
    low: float
    high: float
    unit: str
    year: int | None
    place: str
    source: str
    grade: str
    use: str
    score: str
    group: str
    note: str
    decimals: int


@cache
def load_facts() -> tuple[Fact, ...]:
    """Return the facts that ship with zemsim (``evidence/facts.csv``), in the order of the file."""
    text = (resources.files("zemsim.evidence") / "facts.csv").read_text(encoding="utf-8")
    found = []
    for row in csv.DictReader(text.splitlines(), strict=True):
        value, low, high = (float(row[key] or row["value"]) for key in ("value", "low", "high"))
        places = max(len(row[key].partition(".")[2]) for key in ("value", "low", "high"))
        year = int(row["year"]) if row["year"] else None
        words = {key: row[key] for key in ("unit", "place", "source", "grade", "use", "score", "group", "note")}
        found.append(Fact(row["fact"], value, low, high, year=year, decimals=places, **words))
    return tuple(found)


def baseline_table(cases: Mapping[int, Mapping[str, pd.DataFrame]], settings: Mapping[int, Setting]) -> pd.DataFrame:
    """Hold the first simulated year of the baseline against the facts.

    Parameters
    ----------
    cases : mapping of int to mapping of str to DataFrame
        Seed to the tables ``trips, vehicles, sessions, transit`` of the baseline.
    settings : mapping of int to Setting
        Seed to what its cases share.

    Returns
    -------
    DataFrame
        ``fact, value`` (mean over seeds)``, fact_value, low, high, unit, difference`` (value less fact)``,
        difference_share`` (of the fact)``, stands`` (:func:`zemsim.evidence.scores.stands`)``,
        accepted`` (:func:`zemsim.evidence.scores.with_scores`)``, year, place, source, grade, use, score, group,
        note``; a value that the run cannot say is NaN.
    """
    found = [values(Observed(tables, settings[seed])) for seed, tables in cases.items()]
    rows = []
    for fact in load_facts():
        value = float(np.mean([one[fact.fact] for one in found])) if found else float("nan")
        rows.append(_row(fact, value))
    return with_scores(pd.DataFrame(rows))


def _row(fact: Fact, value: float) -> dict[str, Any]:
    return {
        "fact": fact.fact,
        "value": value,
        "fact_value": fact.value,
        "low": fact.low,
        "high": fact.high,
        "unit": fact.unit,
        "difference": value - fact.value,
        "difference_share": ratio(value - fact.value, fact.value),
        "stands": stands(value, fact.low, fact.high, fact.decimals),
        "accepted": accepted(value, fact.value, fact.unit),
        "year": fact.year,
        "place": fact.place,
        "source": fact.source,
        "grade": fact.grade,
        "use": fact.use,
        "score": fact.score,
        "group": fact.group,
        "note": fact.note,
    }


class Observed:
    """The first simulated year of a case, as the facts look at it.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``trips, destinations, vehicles, sessions, transit``.
    setting : Setting
        What the cases of the seed share.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame], setting: Setting) -> None:
        self.setting = setting
        self.year = setting.simulated[0]
        names = ("trips", "destinations", "vehicles", "sessions", "transit")
        self.fleet = tables["vehicles"]
        self.tables = {name: tables[name][tables[name]["year"] == self.year] for name in names}

    @cached_property
    def surveyed(self) -> np.ndarray:
        """Whether a resident is of the ages that the survey asks, bool [P]."""
        age = self.setting.persons["age"].to_numpy()
        return self.present & (age >= SURVEY_AGES[0]) & (age <= SURVEY_AGES[1])

    @cached_property
    def present(self) -> np.ndarray:
        """Who is there in the year, bool [P]."""
        residence = self.setting.residence
        return np.ones(len(self.setting.persons), np.bool_) if residence is None else residence.present(self.year)

    @property
    def tours(self) -> pd.DataFrame:
        """The tours of the year."""
        residence, tours = self.setting.residence, self.setting.tours
        return tours if residence is None else tours[residence.tours_in(self.year)]

    @cached_property
    def trips(self) -> pd.DataFrame:
        """Rows of the year with ``weight`` (trips of a year), ``km``, resident, purpose."""
        trips, tours = self.tables["trips"], self.setting.tours
        tour = trips["tour_idx"].to_numpy()
        days = self.setting.season_days[trips["season"].to_numpy(), trips["day_type"].to_numpy()]
        return trips.assign(
            weight=days * TRIPS_PER_TOUR,
            km=travel_km(trips, self.setting.routes, self.tables["destinations"]),
            resident=tours["resident_idx"].to_numpy()[tour],
            purpose=tours["purpose"].to_numpy()[tour],
        )

    @cached_property
    def survey_trips(self) -> pd.DataFrame:
        """The trips of those whom the survey asks."""
        asked: pd.DataFrame = self.trips[self.surveyed[self.trips["resident"].to_numpy()]]
        return asked

    def electric_cars(self, year: int) -> float:
        """Battery electric cars at the end of a year; NaN for one that the run does not have."""
        cars = self.fleet[self.fleet["year"] == year]
        return float((cars["powertrain"] == Powertrain.BEV).sum()) if len(cars) else float("nan")

    def lives_in(self, settlement: str) -> np.ndarray:
        """Whether a resident lives in a settlement, bool [P]."""
        there = (self.setting.zones["settlement_id"] == settlement).to_numpy()
        lives: np.ndarray = there[self.setting.persons["zone_idx"].to_numpy()]
        return lives


def values(seen: Observed) -> dict[str, float]:
    """Return the value of every fact in a case."""
    found: dict[str, float] = {}
    for part in (_survey, _purposes, _users, _modes, _cars, _boardings, _sessions):
        found |= part(seen)
    shares = commuting_shares(seen.setting.persons[seen.present], seen.setting.zones, "jelgava", _JELGAVA)
    return found | {f"commuting_jelgava_{name}": share for name, share in shares.items()}


def _survey(seen: Observed) -> dict[str, float]:
    people = float(seen.surveyed.sum())
    trips, tours = seen.survey_trips, seen.tours
    asked = tours[seen.surveyed[tours["resident_idx"].to_numpy()]]
    diary_min = trips["door_min"] + seen.setting.factors["diary_extra_min_trip"]
    found = {
        "trips_per_person_day": ratio(trips["weight"].sum(), people * DAYS_BY_TYPE.sum()),
        "person_km_day": ratio((trips["weight"] * trips["km"]).sum(), people * DAYS_BY_TYPE.sum()),
        "person_minutes_day": ratio((trips["weight"] * diary_min).sum(), people * DAYS_BY_TYPE.sum()),
    }
    mobile = []
    for kind in DayType:
        name, days = kind.name.lower(), DAYS_BY_TYPE[kind]
        made = trips.loc[trips["day_type"] == kind, "weight"].sum()
        found[f"trips_per_person_{name}"] = ratio(made, people * days)
        mobile.append(ratio(asked.loc[asked["day_type"] == kind, "resident_idx"].nunique(), people))
        found[f"mobile_share_{name}"] = mobile[-1]
    found["mobile_share"] = float(np.dot(mobile, DAYS_BY_TYPE) / DAYS_BY_TYPE.sum())
    return found


def _purposes(seen: Observed) -> dict[str, float]:
    trips = seen.survey_trips
    total = trips["weight"].sum()
    found = {}
    for purpose in (Purpose.WORK, Purpose.SHOPPING, Purpose.LEISURE):
        counted = (trips["purpose"] == purpose).to_numpy()
        if purpose == Purpose.WORK:
            counted = counted | _for_the_employer(seen)
        found[f"purpose_share_{purpose.name.lower()}"] = ratio(trips.loc[counted, "weight"].sum(), total)
    work = trips[trips["purpose"] == Purpose.WORK]
    for name, modes in {"walk": (Mode.WALK,), "bike": _BIKES}.items():
        made = work.loc[work["mode"].isin(modes), "weight"].sum()
        found[f"commute_share_{name}"] = ratio(made, work["weight"].sum())
    return found


def _for_the_employer(seen: Observed) -> np.ndarray:
    """Trips of the survey that are an employer's business: those the employed make for business on weekdays."""
    trips = seen.survey_trips
    employed = seen.setting.persons["employed"].to_numpy(np.bool_)[trips["resident"].to_numpy()]
    business = (trips["purpose"] == Purpose.BUSINESS) & (trips["day_type"] == DayType.WEEKDAY)
    of_employer: np.ndarray = business.to_numpy() & employed
    return of_employer


def _users(seen: Observed) -> dict[str, float]:
    """Users of a mode over all who travel, on a mean day, of the residents of the cities whom a survey asks."""
    trips = seen.survey_trips
    resident = trips["resident"].to_numpy()
    found: dict[str, float] = {}
    for city in _CITIES:
        users = users_on_a_day(trips[seen.lives_in(city)[resident]], _USERS, seen.setting.season_days)
        found |= {f"{name}_users_{city}": users_share for name, users_share in users.items()}
    return found


def _modes(seen: Observed) -> dict[str, float]:
    """Trips of all residents as passenger for each trip as driver."""
    weight, mode = seen.trips["weight"], seen.trips["mode"]
    drivers = weight[mode.isin((Mode.CAR, Mode.EV))].sum()
    return {
        "passengers_per_driver": ratio(weight[mode == Mode.PASSENGER].sum(), drivers),
    }


def _cars(seen: Observed) -> dict[str, float]:
    powertrain = seen.tables["vehicles"]["powertrain"].to_numpy()
    return {
        "cars_per_1000": ratio(1000.0 * len(powertrain), seen.present.sum()),
    } | {f"ev_stock_{year}": seen.electric_cars(year) for year in _STOCK_YEARS}


def _boardings(seen: Observed) -> dict[str, float]:
    routes = seen.tables["transit"]
    yearly = routes["boardings_day"].to_numpy() * DAYS_BY_TYPE[routes["day_type"].to_numpy()]
    city = (routes["network_id"] == f"{CITY_BUS}_jelgava").to_numpy()
    regional = (routes["network_id"] == REGIONAL_BUS).to_numpy()
    rows = {"jelgava_city_bus": city, "regional_bus": regional}
    lines = {f"{line}_rail": (routes["route_id"] == f"rail-{line}").to_numpy() for line in _RAIL_LINES}
    rows |= lines | {"electric_rail": np.logical_or.reduce(list(lines.values()))}
    return {
        f"{name}_boardings_year": float(yearly[of].sum()) if of.any() else float("nan") for name, of in rows.items()
    }


def _sessions(seen: Observed) -> dict[str, float]:
    """Sessions a week at home and at work per battery electric car that charges there at all.

    The mean of the simulated weeks, each weighted by its season: cars that never charge at a place have no access to it
    or no need, and the survey asks those who do.
    """
    fleet = seen.tables["vehicles"]
    electric = fleet.loc[fleet["powertrain"] == Powertrain.BEV, "vehicle_idx"]
    sessions = seen.tables["sessions"]
    sessions = sessions[sessions["vehicle_idx"].isin(electric)]
    weeks = seen.setting.season_days.sum(axis=1)
    weight = (weeks / weeks.sum())[sessions["season"].to_numpy()]
    place, car = sessions["place"].to_numpy(), sessions["vehicle_idx"].to_numpy()
    found = {}
    for name, where in (("home", ChargingPlace.HOME), ("work", ChargingPlace.WORK)):
        here = place == where
        found[f"{name}_sessions_week"] = float(weight[here].sum()) / max(1, len(np.unique(car[here])))
    return found
