"""The ordered day and year. READ THIS FIRST.

Four nouns. A **Region** is what is there: zones, roads, timetable, chargers, prices. An **Experiment** is what is
asked: policies, years, seeds. A **Model** is the Mesa model: residents, households, stations, operators,
municipalities. A **Run** is what came out: tables, verdicts, a manifest.

A run walks through the years. In each year `YEAR` runs from top to bottom. Its step *simulate days* repeats, for
every season, an iteration: for the weekday and for the weekend the steps of `DAY`, then those of `NIGHT`, until
travellers know times, crowding and queues. What contends for something scarce is a step of its own with an explicit
order: cars of the household before the choice (by purpose, distance, number), shared cars (by time of departure) and
charging points (by time of arrival) after it. The short run of a policy is one year of the same steps without the slow
ones (`zemsim/model/short_run.py`).

What is random has an address ``(seed, stream, agent, draw)``; the stream of each step stands in its line. The luck of
a resident is the same under every policy, so differences between policies are effects, not noise.

The tuples below are what runs: this page cannot lie. ``model.explain_schedule()`` prints them with the time they
took.

Three exercises: change a price (`zemsim/policy/measures`), add a step (`SCHEDULE.with_step` and give it to the model),
add an indicator (`zemsim/evidence/indicators.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.randomness import Stream
from zemsim.model import ageing, day, passes, shared_cars, station_access, year
from zemsim.model.school_runs import drive_to_school

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel


@dataclass(frozen=True)
class Step:
    """One step of a schedule.

    Attributes
    ----------
    name : in words.
    run : the function that does it.
    reads, writes : columns and state, for the reader.
    streams : streams of random numbers that it draws from.
    """

    name: str
    run: Callable[[MobilityModel], None]
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    streams: tuple[Stream, ...] = ()


#: For each day type of an iteration.
DAY: tuple[Step, ...] = (
    Step(
        "allot household cars",
        day.allot_household_cars,
        ("tours", "vehicles.morning_kwh", "vehicles.paid_eur_kwh", "conditions.price", "parking"),
        ("tour.vehicle", "tour.drive_eur", "tour.parking_eur"),
    ),
    Step(
        "draw ways to stations",
        station_access.draw_ways,
        ("tour.vehicle", "conditions.lots", "road times"),
        ("tour.transit", "tour.fare_eur", "plan.access"),
        (Stream.STATION_ACCESS,),
    ),
    Step(
        "offer shared cars",
        shared_cars.offer_cars,
        ("tour.vehicle", "conditions.car_stations", "residents.licence", "road times"),
        ("tour.vehicle", "tour.drive_eur", "tour.parking_eur"),
        (Stream.CAR_SHARING,),
    ),
    Step(
        "choose modes",
        day.choose_modes,
        ("tour.*", "road times", "crowding", "further waits", "temperature"),
        ("tour.alternative",),
        (Stream.MODE_NEST, Stream.MODE_ALTERNATIVE, Stream.LIFT, Stream.SHARED_EBIKE),
    ),
    Step(
        "fill places at stations",
        station_access.fill_lots,
        ("tour.alternative", "plan.access", "conditions.lots"),
        ("tour.alternative", "plan.access"),
    ),
    Step(
        "lend shared cars",
        shared_cars.lend_cars,
        ("tour.alternative", "conditions.car_stations"),
        ("tour.alternative", "tour.vehicle", "plan.shared_cars"),
    ),
    Step(
        "drive to school",
        drive_to_school,
        ("tour.alternative", "tour.depart_min", "road distances"),
        ("tour.alternative", "school_runs"),
        (Stream.ESCORT,),
    ),
)

#: Once per iteration, after all its day types.
NIGHT: tuple[Step, ...] = (
    Step("move", day.move, ("tour.alternative", "legs", "bus_weeks"), ("moves.road_time_s", "moves.loads")),
    Step(
        "charge",
        day.charge,
        ("tour.alternative", "vehicles.energy_kwh", "stations"),
        ("vehicles.energy_kwh", "week.sessions"),
        (Stream.CHARGING,),
    ),
    Step(
        "remember",
        day.remember,
        ("moves", "week"),
        (
            "road times",
            "crowding",
            "further waits",
            "stations.wait_min",
            "vehicles.morning_kwh",
            "vehicles.paid_eur_kwh",
            "vehicles.lost_min_kwh",
            "gaps",
        ),
    ),
)

#: Every year.
YEAR: tuple[Step, ...] = (
    Step(
        "set conditions",
        year.set_conditions,
        ("policy", "region", "departure_factors", "charger_works"),
        ("conditions", "timetable", "stations", "fares", "parking", "households.yard_charging"),
        (Stream.YARD,),
    ),
    Step(
        "renew the population",
        ageing.renew_population,
        ("residents", "households", "vehicles", "fares", "the region's forecast, if the experiment asks for it"),
        (
            "residents",
            "households.size_pers",
            "municipalities.population",
            "vehicles",
            "tours in force",
            "fares of the new ages",
        ),
        (Stream.AGEING,),
    ),
    Step(
        "buy cars",
        year.buy_cars,
        (
            "vehicles.km_year",
            "car_habits",
            "households",
            "prices",
            "parking",
            "grants",
            "stations",
            "charger_works",
            "residents",
        ),
        ("vehicles", "purchases"),
        (Stream.REPLACEMENT, Stream.PURCHASE, Stream.CHARGING_START),
    ),
    Step(
        "buy e-bikes",
        year.buy_ebikes,
        ("residents", "residents.ebike_gain", "prices", "grants"),
        ("residents.ebike", "purchases"),
        (Stream.EBIKE,),
    ),
    Step(
        "choose destinations",
        year.choose_destinations,
        ("tours", "residents.licence", "vehicles.powertrain", "prices", "timetable", "fares", "parking"),
        ("tour.dest", "tour.road_km", "residents.works_like_idx", "residents.work_zone_idx"),
        (Stream.DESTINATION_CHANGE, Stream.JOB_CHANGE),
    ),
    Step(
        "take passes",
        passes.take_passes_of_year,
        ("tours", "fares", "conditions.pass_trips", "residents.rides_by"),
        ("residents.passes", "tickets of tours"),
    ),
    Step(
        "simulate days",
        year.simulate_days,
        ("everything",),
        (
            "trips",
            "sessions",
            "transit",
            "vehicles.km_year",
            "car_habits",
            "residents.ebike_gain",
            "residents.rides_by",
        ),
    ),
    Step("observe the fleet", year.observe_fleet, ("vehicles", "stations"), ("municipalities", "vehicles table")),
    Step(
        "operators react",
        year.operators_react,
        ("stations.sessions_day", "transit"),
        ("stations.points", "operators", "departure_factors"),
    ),
    Step(
        "chargers react",
        year.chargers_react,
        ("sessions", "stations", "vehicles.powertrain", "households"),
        ("charger_works", "stations.points", "companies", "reactions"),
        (Stream.REQUEST,),
    ),
    Step(
        "settle payments",
        year.settle_payments,
        ("purchases", "trips", "transit", "sessions", "charger_works"),
        ("payments",),
    ),
)


@dataclass(frozen=True)
class Schedule:
    """The steps that a model runs.

    Attributes
    ----------
    year : every year.
    day : for each day type of an iteration.
    night : once per iteration, after all its day types.
    """

    year: tuple[Step, ...] = YEAR
    day: tuple[Step, ...] = DAY
    night: tuple[Step, ...] = NIGHT

    def with_step(self, step: Step, after: str) -> Schedule:
        """Another schedule, with one more step right after the one named ``after``; its name must be new."""
        parts = {"year": self.year, "day": self.day, "night": self.night}
        known = [each.name for steps in parts.values() for each in steps]
        if step.name in known:
            raise InputError(f"the schedule has a step “{step.name}” already", hint="give yours another name")
        for part, steps in parts.items():
            for position, each in enumerate(steps, 1):
                if each.name == after:
                    more = {part: (*steps[:position], step, *steps[position:])}
                    return replace(self, **more)
        raise InputError(f"the schedule has no step “{after}”", hint=did_you_mean(after, known))

    def only(self, names: Sequence[str]) -> Schedule:
        """Another schedule, with these steps of the year only, in the order of the names; all must be there."""
        steps = {step.name: step for step in self.year}
        return replace(self, year=tuple(steps[name] for name in names))


#: The schedule of every model that is not given another.
SCHEDULE = Schedule()


def as_text(schedule: Schedule = SCHEDULE) -> str:
    """A schedule as indented lines."""
    lines = []
    for title, steps in (
        ("every year", schedule.year),
        ("each day type of an iteration", schedule.day),
        ("each iteration", schedule.night),
    ):
        lines.append(title)
        for number, step in enumerate(steps, 1):
            streams = f" [{', '.join(s.name for s in step.streams)}]" if step.streams else ""
            lines.append(f"  {number}. {step.name}: {', '.join(step.reads)} -> {', '.join(step.writes)}{streams}")
    return "\n".join(lines)
