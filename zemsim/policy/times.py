"""Times of the day in measures: clock times, hours of service and of tariffs, headways by period, departures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from zemsim.core.names import PERIODS, DayType
from zemsim.core.settings import Settings
from zemsim.core.units import S_PER_H, S_PER_MIN
from zemsim.policy.lever import key_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_MIDNIGHT_S: Final = 24 * int(S_PER_H)


def _clock(text: str) -> str:
    if _CLOCK.fullmatch(text) is None:
        shown = {"shown": text[:40]}
        raise PydanticCustomError("clock", "must be a time of the day from 00:00 to 24:00, got “{shown}”", shown)
    return text


#: A time of the day such as 05:30.
Clock = Annotated[
    str, AfterValidator(_clock), WithJsonSchema({"type": "string", "pattern": f"^({_CLOCK.pattern})$", "maxLength": 5})
]
Headway = Annotated[float, Field(ge=2.0, le=720.0)]


def seconds(clock: str) -> int:
    """Return a clock time in seconds after midnight."""
    hours, minutes = clock.split(":")
    return int(hours) * int(S_PER_H) + int(minutes) * int(S_PER_MIN)


class Hours(Settings):
    """Hours of service of a day."""

    first: Clock
    """First departure, as HH:MM."""
    last: Clock
    """Last departure, as HH:MM."""

    @model_validator(mode="after")
    def _order(self) -> Hours:
        if seconds(self.first) > seconds(self.last):
            raise key_fault("last", f"must not be before first {self.first}, got {self.last}")
        return self

    @property
    def span_s(self) -> tuple[int, int]:
        """First and last departure in seconds after midnight."""
        return seconds(self.first), seconds(self.last)


class TariffHours(Settings):
    """Some hours of every day at which a tariff has another price; past midnight where they end before they begin."""

    from_hour: Annotated[int, Field(ge=0, le=23)]
    """First hour."""
    until_hour: Annotated[int, Field(ge=1, le=24)]
    """Hour at which they end."""
    price_factor: Annotated[float, Field(ge=0.0, le=5.0)]
    """Factor on the price."""

    @property
    def hours(self) -> tuple[int, ...]:
        """The hours, 0 to 23."""
        length = (self.until_hour - self.from_hour - 1) % 24 + 1
        return tuple((self.from_hour + k) % 24 for k in range(length))


def hour_factors(windows: Sequence[TariffHours]) -> npt.NDArray[np.float64]:
    """Return the factor of each hour, float64 [24]; 1 where nothing is said."""
    factors = np.ones(24)
    for window in windows:
        factors[list(window.hours)] = window.price_factor
    return factors


def refuse_double_hours(key: str, windows: Sequence[TariffHours]) -> None:
    """Refuse windows that say two things of the same hour."""
    seen: set[int] = set()
    for number, window in enumerate(windows):
        double = sorted(seen & set(window.hours))
        if double:
            raise key_fault((key, number), f"says something of hour {double[0]}, of which another window does already")
        seen |= set(window.hours)


class Headways(Settings):
    """Minutes from one departure to the next by period; a period without a headway has no departure."""

    weekday_morning: Headway | None = None
    """Weekdays from 5 to 9, and before."""
    weekday_midday: Headway | None = None
    """Weekdays from 9 to 15."""
    weekday_afternoon: Headway | None = None
    """Weekdays from 15 to 19."""
    weekday_evening: Headway | None = None
    """Weekdays from 19 on."""
    weekend_day: Headway | None = None
    """Weekends to 15."""
    weekend_late: Headway | None = None
    """Weekends from 15 on."""

    @model_validator(mode="after")
    def _some(self) -> Headways:
        if not any(self._of().values()):
            raise key_fault(PERIODS[0].name, "give the headway of one period at least")
        return self

    def _of(self) -> dict[str, Any]:
        return {period.name: getattr(self, period.name) for period in PERIODS}

    def departures_s(self, hours: Hours) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the departures of a weekday and of a weekend day, seconds after midnight.

        The first is at the first of the hours, or where the first period with a headway begins. Each next one follows
        after the headway of the period in which the one before left; where that leads into a period without a headway,
        at the beginning of the next period that has one.
        """
        first_s, last_s = hours.span_s
        return _day(DayType.WEEKDAY, self._of(), first_s, last_s), _day(DayType.WEEKEND, self._of(), first_s, last_s)


def _day(day: DayType, headway_min: dict[str, Any], first_s: int, last_s: int) -> tuple[int, ...]:
    periods = [period for period in PERIODS if period.day_type == day]
    ends = [period.end_min * int(S_PER_MIN) for period in periods[:-1]] + [_MIDNIGHT_S + 1]
    found = []
    at_s = float(first_s)
    for period, end_s in zip(periods, ends, strict=True):
        headway = headway_min[period.name]
        if headway is None:
            at_s = max(at_s, float(end_s))
            continue
        while at_s < end_s and at_s <= last_s:
            found.append(int(at_s))
            at_s += headway * S_PER_MIN
    return tuple(found)
