"""The vocabulary that every floor shares: modes, purposes, periods, powertrains, seasons.

One name per idea. The integer values are stored in tables, so they never change; new members are appended.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Mode(IntEnum):
    """How a trip is reported. ``CAR`` and ``EV`` are one driver alternative of the choice model."""

    WALK = 0
    BIKE = 1
    EBIKE = 2
    BUS = 3
    TRAIN = 4
    CAR = 5
    EV = 6
    PASSENGER = 7


class Alternative(IntEnum):
    """An alternative of the tour mode choice; ``DRIVER`` is reported as ``CAR`` or ``EV``."""

    WALK = 0
    BIKE = 1
    EBIKE = 2
    BUS = 3
    TRAIN = 4
    DRIVER = 5
    PASSENGER = 6


class Access(IntEnum):
    """How one comes to a station and from there home; ``WALK`` is the way of everybody without places there."""

    WALK = 0
    BIKE = 1
    EBIKE = 2
    CAR = 3


class Nest(IntEnum):
    """Nests of the mode choice: {walk, bike, e-bike}, {bus, train}, {driver, passenger}."""

    ACTIVE = 0
    TRANSIT = 1
    CAR = 2


class Purpose(IntEnum):
    """What a tour is made for."""

    WORK = 0
    SCHOOL = 1
    SHOPPING = 2
    LEISURE = 3
    ESCORT = 4
    BUSINESS = 5


class Powertrain(IntEnum):
    """What drives a car."""

    PETROL = 0
    DIESEL = 1
    BEV = 2
    HYBRID = 3
    PHEV = 4


#: Powertrains that burn petrol; hybrids are taken to be petrol cars.
PETROL_BURNERS: tuple[Powertrain, ...] = (Powertrain.PETROL, Powertrain.HYBRID, Powertrain.PHEV)


class DayType(IntEnum):
    WEEKDAY = 0
    WEEKEND = 1


class Season(IntEnum):
    WINTER = 0
    SUMMER = 1


class ChargingPlace(IntEnum):
    """Where an EV charges."""

    HOME = 0
    WORK = 1
    PUBLIC_SLOW = 2
    PUBLIC_FAST = 3


class Period(NamedTuple):
    """A window of departures within a day type; minutes after midnight, start included, end excluded."""

    name: str
    day_type: DayType
    start_min: int
    end_min: int
    peak: bool


#: Windows of the timetable; the position in the tuple is ``period_idx``. Earlier departures belong to the first
#: window of their day, later ones to the last.
PERIODS: tuple[Period, ...] = (
    Period("weekday_morning", DayType.WEEKDAY, 5 * 60, 9 * 60, True),
    Period("weekday_midday", DayType.WEEKDAY, 9 * 60, 15 * 60, False),
    Period("weekday_afternoon", DayType.WEEKDAY, 15 * 60, 19 * 60, True),
    Period("weekday_evening", DayType.WEEKDAY, 19 * 60, 24 * 60, False),
    Period("weekend_day", DayType.WEEKEND, 6 * 60, 15 * 60, False),
    Period("weekend_late", DayType.WEEKEND, 15 * 60, 24 * 60, False),
)

#: Days of a year by (season, day type): 251 working days and 114 weekend days and holidays, winter = November to April.
DAYS_PER_YEAR: tuple[tuple[int, int], tuple[int, int]] = ((124, 57), (127, 57))

#: Trips of a tour: out and back. Tours with a stop on the way are not modelled yet.
TRIPS_PER_TOUR = 2
