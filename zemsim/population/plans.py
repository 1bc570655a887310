"""How many tours a resident makes on a day, and for what: rates that meet the mobility survey."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import ZemsimError
from zemsim.core.names import DAYS_PER_YEAR, TRIPS_PER_TOUR, DayType, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.population.inputs import Bools, Floats, assumed, share
from zemsim.population.tables import Population
from zemsim.region.views import PeopledRegion

#: Ages that the mobility survey asked, both included.
SURVEY_AGES = (15, 84)
#: Youngest resident with tours of the own.
FIRST_AGE = 7
#: Tours of a resident on one day at most.
MAX_TOURS = 3
DISCRETIONARY = (Purpose.SHOPPING, Purpose.LEISURE, Purpose.ESCORT, Purpose.BUSINESS)
_SURVEY = "mobility_survey.latvia."


@dataclass(frozen=True)
class Groups:
    """Who a resident is for the plan of a day: bool [P] each."""

    surveyed: Bools
    worker: Bools
    pupil: Bools
    child: Bools
    oldest: Bools
    with_child: Bools


@dataclass(frozen=True)
class DayTargets:
    """What the survey says of a day: shares of surveyed residents and of trips, tours per surveyed resident."""

    mobile_share: float
    tours_per_person: float
    purpose_share: dict[Purpose, float]


@dataclass(frozen=True)
class DayRates:
    """Chances that meet the targets in expectation.

    ``mandatory`` float64 [P] is the chance of a tour to work or school; ``go`` is the chance that one without such a
    tour leaves home; ``extra`` and ``extra_mandatory`` are the chances of each of two further tours; ``escort`` is the
    share of escort among discretionary tours without and with a child at home; ``other`` splits the rest.
    ``work_base_share`` is the chance of a tour to work of those who work at home, before the largest share caps it.
    """

    mandatory: Floats
    go: float
    extra: float
    extra_mandatory: float
    escort: tuple[float, float]
    other: dict[Purpose, float]
    work_base_share: float


def groups(population: Population, present: Bools | None = None) -> Groups:
    """Sort residents into the groups that plans differ by; only those ``present`` count as children at home."""
    residents = population.residents
    age = residents["age"].to_numpy()
    student = residents["student"].to_numpy() & (residents["school_zone_idx"].to_numpy() >= 0)
    worker = residents["employed"].to_numpy() & ~(student & (age <= 18))
    owner = residents["household_idx"].to_numpy()
    children = age < 12 if present is None else (age < 12) & present
    young = np.bincount(owner, weights=children, minlength=len(population.households)) > 0
    return Groups(
        surveyed=(age >= SURVEY_AGES[0]) & (age <= SURVEY_AGES[1]),
        worker=worker,
        pupil=student & ~worker,
        child=(age >= FIRST_AGE) & (age < SURVEY_AGES[0]),
        oldest=age > SURVEY_AGES[1],
        with_child=young[owner] & (age >= 18) & (age < 75),
    )


def day_weights() -> Floats:
    """Share of weekdays and weekend days in the year: float64 [2]."""
    days = np.array(DAYS_PER_YEAR, dtype=np.float64).sum(axis=0)
    weights: Floats = days / days.sum()
    return weights


def day_targets(region: PeopledRegion, day: DayType, school_share: float, workers: float) -> DayTargets:
    """The survey of 2021 (purposes, level of the mobile) with the trip rates by day type of 2017.

    Purposes are surveyed for all days together and assumed for the weekend. Shopping and leisure have on weekdays what
    meets the survey in the mean of all days. Work has what the employed can do: not as many as the survey says would
    go to work if every one of them went on every weekday, so their attendance is assumed. ``workers`` is their share
    of surveyed residents, ``school_share`` that of school among trips; business takes the rest.
    """
    if day == DayType.WEEKDAY:
        mobile = share(region, _SURVEY + "mobile_share_workday.2021")
        trips = region.fact(_SURVEY + "trips_per_person_workday")
        attendance = assumed(region, "work_attendance_weekday")
        shares = {
            Purpose.WORK: attendance * workers * TRIPS_PER_TOUR / trips,
            Purpose.SHOPPING: _weekday_share(region, Purpose.SHOPPING),
            Purpose.LEISURE: _weekday_share(region, Purpose.LEISURE),
            Purpose.ESCORT: assumed(region, "trip_share_escort.weekday"),
        }
    else:
        mobile = share(region, _SURVEY + "mobile_share_weekend.2021")
        trips = region.fact(_SURVEY + "trips_per_person_weekend")
        shares = {
            purpose: assumed(region, f"trip_share_{purpose.name.lower()}.weekend")
            for purpose in (Purpose.WORK, Purpose.SHOPPING, Purpose.LEISURE, Purpose.ESCORT)
        }
    shares[Purpose.SCHOOL] = school_share
    shares[Purpose.BUSINESS] = 1.0 - sum(shares.values())
    if shares[Purpose.BUSINESS] <= 0.0:
        raise ZemsimError(f"the shares of trips by purpose on a {day.name.lower()} leave nothing for business")
    return DayTargets(mobile, trips / TRIPS_PER_TOUR, shares)


def _weekday_share(region: PeopledRegion, purpose: Purpose) -> float:
    """Share of weekday trips at which the purpose has its surveyed share of the trips of all days."""
    name = purpose.name.lower()
    rates = [region.fact(f"{_SURVEY}trips_per_person_{key}") for key in ("workday", "weekend")]
    weekday, weekend = np.array(rates) * day_weights()
    at_weekend = assumed(region, f"trip_share_{name}.weekend") * weekend
    found = float((share(region, f"{_SURVEY}purpose_share_{name}.2021") * (weekday + weekend) - at_weekend) / weekday)
    if found <= 0.0:
        raise ZemsimError(f"weekends alone have more {name} than the survey finds on all days")
    return found


def work_chances(region: PeopledRegion, worker: Bools, work_km: Floats, tours: float) -> Floats:
    """Chance of a tour to work on a day: float64 [P], ``tours`` in all, falling with the distance to work.

    ``min(base x exp(-fall x km), largest share)``: those who work far away go on fewer days (telework, weekly
    commuting, a registered workplace elsewhere). The base is found by bisection.
    """
    return _work_chances_at(region, worker, work_km, _work_base(region, worker, work_km, tours))


def _work_chances_at(region: PeopledRegion, worker: Bools, work_km: Floats, base: float) -> Floats:
    chances: Floats = np.minimum(base * _fall(region, worker, work_km), assumed(region, "largest_work_days_share"))
    return chances


def _work_base(region: PeopledRegion, worker: Bools, work_km: Floats, tours: float) -> float:
    shape = _fall(region, worker, work_km)
    most = assumed(region, "largest_work_days_share")
    if tours >= most * worker.sum():
        raise ZemsimError(f"{int(worker.sum())} workers cannot make {tours:.0f} tours to work on a day")
    low, high = 0.0, 1e6
    for _ in range(100):
        base = 0.5 * (low + high)
        low, high = (base, high) if np.minimum(base * shape, most).sum() < tours else (low, base)
    return 0.5 * (low + high)


def _fall(region: PeopledRegion, who: Bools, km: Floats) -> Floats:
    """How much less often those go who live far away, 0 for all but ``who``: float64 [P]."""
    fall: Floats = np.where(who, np.exp(-assumed(region, "work_days_fall_per_km") * km), 0.0)
    return fall


def _school_chances(region: PeopledRegion, pupil: Bools, way_km: Floats, day: DayType) -> Floats:
    attendance = assumed(region, "school_attendance_share") if day == DayType.WEEKDAY else 0.0
    chances: Floats = np.where(pupil, attendance * _fall(region, pupil, way_km), 0.0)
    return chances


def rates_of_others(region: PeopledRegion, who: Groups, way_km: Floats, day: DayType, rates: DayRates) -> DayRates:
    """The rates of a day, solved for one population, for the residents of another."""
    works = _work_chances_at(region, who.worker & who.surveyed, way_km, rates.work_base_share)
    return replace(rates, mandatory=works + _school_chances(region, who.pupil, way_km, day))


def day_rates(region: PeopledRegion, who: Groups, way_km: Floats, day: DayType) -> tuple[DayTargets, DayRates]:
    """Solve the chances of a day from the targets and the composition of the population.

    ``way_km`` float64 [P] is the way to work or school; pupils and students who live far from their school travel on
    fewer days, like workers.
    """
    persons = int(who.surveyed.sum())
    learns = _school_chances(region, who.pupil, way_km, day)
    school = float(learns[who.surveyed].sum()) / persons
    trips = region.fact(
        _SURVEY + ("trips_per_person_workday" if day == DayType.WEEKDAY else "trips_per_person_weekend")
    )
    workers = who.worker & who.surveyed
    target = day_targets(region, day, school * TRIPS_PER_TOUR / trips, float(workers.sum()) / persons)
    tours, mobile = target.tours_per_person, target.mobile_share
    work_tours = target.purpose_share[Purpose.WORK] * tours
    work_base_share = _work_base(region, workers, way_km, work_tours * persons)
    chance = _work_chances_at(region, workers, way_km, work_base_share) + learns
    mandatory = work_tours + school
    ratio = assumed(region, "extra_tours_ratio_mandatory")
    others = mobile - mandatory
    extra = (tours - mobile) / (ratio * mandatory + others) if others > 0 else np.inf
    if not (others > 0.0 and extra <= MAX_TOURS - 1):
        raise ZemsimError(
            f"no plan of a {day.name.lower()} meets the survey: "
            f"mobile without work or school {others:.2f}, further tours {extra:.2f}"
        )
    go = others / (1.0 - mandatory)
    asked = chance[who.surveyed]
    expected = asked * ratio * extra + (1.0 - asked) * go * (1.0 + extra)
    escort = _escort_shares(region, expected, who.with_child[who.surveyed], target, persons)
    rest = {p: target.purpose_share[p] for p in (Purpose.SHOPPING, Purpose.LEISURE, Purpose.BUSINESS)}
    other = {p: value / sum(rest.values()) for p, value in rest.items()}
    return target, DayRates(chance, go, extra / 2.0, ratio * extra / 2.0, escort, other, work_base_share)


def _escort_shares(
    region: PeopledRegion, expected: Floats, with_child: Bools, target: DayTargets, persons: int
) -> tuple[float, float]:
    wanted = target.purpose_share[Purpose.ESCORT] * target.tours_per_person * persons
    weight = assumed(region, "escort_child_weight")
    base = wanted / (expected[~with_child].sum() + weight * expected[with_child].sum())
    if base * weight > 0.95:
        raise ZemsimError("too few adults live with children to make all escort tours; lower escort_child_weight")
    return float(base), float(base * weight)


def plan_day(
    region: PeopledRegion, resident_id: NDArray[np.int64], who: Groups, rates: DayRates, day: DayType, seed: int
) -> NDArray[np.int8]:
    """Purposes of the tours of each resident: int8 [P, 3], -1 for no tour; work or school comes first."""
    draws = [uniforms(seed, Stream.PLAN, resident_id, int(day) * 16 + k) for k in range(7)]
    mandatory = draws[0] < rates.mandatory
    works, learns = mandatory & who.worker, mandatory & who.pupil
    goes = who.surveyed & ~mandatory & (draws[1] < rates.go)
    goes |= who.oldest & ~mandatory & (draws[1] < assumed(region, "mobile_share_85plus"))
    goes |= who.child & ~learns & (draws[1] < assumed(region, "mobile_share_under_15"))
    extra = np.where(mandatory, rates.extra_mandatory, rates.extra) * who.surveyed
    extra = np.where(who.child & learns, assumed(region, "mobile_share_under_15") / 2.0, extra)
    tours = (mandatory | goes) * (1 + (draws[2] < extra).astype(np.int64) + (draws[3] < extra))
    plan = np.full((resident_id.size, MAX_TOURS), -1, dtype=np.int8)
    for slot in range(MAX_TOURS):
        made = tours > slot
        plan[made, slot] = _purposes(who, rates, draws[4 + slot])[made]
    plan[works, 0] = Purpose.WORK
    plan[learns, 0] = Purpose.SCHOOL
    return plan


def _purposes(who: Groups, rates: DayRates, u: Floats) -> NDArray[np.int8]:
    escort = np.where(who.with_child, rates.escort[1], rates.escort[0]) * who.surveyed
    rest = (u - escort) / (1.0 - escort)
    shopping = rates.other[Purpose.SHOPPING]
    business = shopping + np.where(who.child, 0.0, rates.other[Purpose.BUSINESS])
    chosen = np.full(u.size, int(Purpose.LEISURE), dtype=np.int8)
    chosen[rest < business] = Purpose.BUSINESS
    chosen[rest < shopping] = Purpose.SHOPPING
    chosen[u < escort] = Purpose.ESCORT
    return chosen
