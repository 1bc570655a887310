"""Tours against the mobility survey: trip rate, mobile share, purposes and kilometres of those of 15 to 84 years."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR, DayType, Purpose
from zemsim.population.destinations import shopping_km
from zemsim.population.inputs import assumed, share
from zemsim.population.plans import SURVEY_AGES, day_weights, groups
from zemsim.population.tables import Population
from zemsim.region.views import PeopledRegion

_SURVEY = "mobility_survey.latvia."
Row = tuple[str, str, float, float, str]


def tours_report(tours: pd.DataFrame, population: Population, region: PeopledRegion) -> pd.DataFrame:
    """Compare tours with the survey.

    Returns
    -------
    Columns ``indicator, day_type`` (weekday, weekend, mean)``, target, value, difference, source``. Kilometres are by
    road. ``mean`` weighs the day types by the days of the year. Purposes are surveyed for all days together;
    shopping and leisure meet them in the mean, work stays below: the employed are too few to make as many tours.
    """
    age = population.residents["age"].to_numpy()
    surveyed = (age >= SURVEY_AGES[0]) & (age <= SURVEY_AGES[1])
    kept = tours[surveyed[tours["resident_idx"].to_numpy()]]
    persons = int(surveyed.sum())
    workers = int((groups(population).worker & surveyed).sum())
    days = {day: kept[kept["day_type"] == day] for day in DayType}
    rows = [*_rates(region, days, persons), *_purposes(region, days, workers), *_kilometres(region, days, persons)]
    table = pd.DataFrame(rows, columns=["indicator", "day_type", "target", "value", "source"])
    table.insert(4, "difference", table["value"] - table["target"])
    return table


def _mean(weekday: float, weekend: float) -> float:
    weights = day_weights()
    return float(weights[0] * weekday + weights[1] * weekend)


def _rates(region: PeopledRegion, days: dict[DayType, pd.DataFrame], persons: int) -> Iterator[Row]:
    keys = {DayType.WEEKDAY: "workday", DayType.WEEKEND: "weekend"}
    trips = {day: TRIPS_PER_TOUR * len(table) / persons for day, table in days.items()}
    mobile = {day: table["resident_idx"].nunique() / persons for day, table in days.items()}
    for day, key in keys.items():
        fact = f"{_SURVEY}trips_per_person_{key}"
        yield "trips per person-day", day.name.lower(), region.fact(fact), trips[day], fact
    fact = f"{_SURVEY}trips_per_person_day.2021"
    yield "trips per person-day", "mean", region.fact(fact), _mean(*trips.values()), fact
    for day, key in keys.items():
        fact = f"{_SURVEY}mobile_share_{key}.2021"
        yield "share who leave home", day.name.lower(), share(region, fact), mobile[day], fact
    fact = f"{_SURVEY}mobile_share_all_days.2021"
    yield "share who leave home", "mean", share(region, fact), _mean(*mobile.values()), fact


def _purposes(region: PeopledRegion, days: dict[DayType, pd.DataFrame], workers: int) -> Iterator[Row]:
    counts = {
        day: np.bincount(table["purpose"], minlength=len(Purpose)).astype(np.float64) for day, table in days.items()
    }
    shares = {day: count / count.sum() for day, count in counts.items()}
    both = _mean(1.0, 0.0) * counts[DayType.WEEKDAY] + _mean(0.0, 1.0) * counts[DayType.WEEKEND]
    for purpose in (Purpose.WORK, Purpose.SHOPPING, Purpose.LEISURE):
        name = purpose.name.lower()
        fact = f"{_SURVEY}purpose_share_{name}.2021"
        key = f"population.trip_share_{name}.weekend"
        target = share(region, fact)
        weekend = float(shares[DayType.WEEKEND][purpose])
        yield f"share of trips for {name}", "weekend", float(region.assumption(key)), weekend, key
        yield f"share of trips for {name}", "mean", target, float(both[purpose] / both.sum()), fact
    working = days[DayType.WEEKDAY]["purpose"].to_numpy() == Purpose.WORK
    key = "work_attendance_weekday"
    yield "workers who go to work", "weekday", assumed(region, key), float(working.sum()) / workers, f"population.{key}"
    for day in DayType:
        key = f"trip_share_escort.{day.name.lower()}"
        value = float(shares[day][Purpose.ESCORT])
        yield "share of trips for escort", day.name.lower(), assumed(region, key), value, f"population.{key}"


def _kilometres(region: PeopledRegion, days: dict[DayType, pd.DataFrame], persons: int) -> Iterator[Row]:
    km = [TRIPS_PER_TOUR * float(days[day]["road_km"].to_numpy(np.float64).sum()) / persons for day in DayType]
    fact = f"{_SURVEY}distance_per_person_day.2021"
    yield "km per person-day", "mean", region.fact(fact), _mean(*km), fact
    both = pd.concat([days[day].assign(weight=day_weights()[day]) for day in DayType])
    for purpose, target, source in (
        (Purpose.SHOPPING, shopping_km(region), f"{_SURVEY}shopping_km_mean over trips_shopping"),
        (Purpose.ESCORT, assumed(region, "escort_km_mean"), "population.escort_km_mean"),
        (Purpose.BUSINESS, assumed(region, "business_km_mean"), "population.business_km_mean"),
    ):
        rows = both[both["purpose"] == purpose]
        value = float((rows["road_km"].astype(np.float64) * rows["weight"]).sum() / rows["weight"].sum())
        yield f"km per trip for {purpose.name.lower()}", "mean", target, value, source
