"""A line of the timetable: where it stops, how long it takes, when it leaves, and how much of that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stop:
    """A stop of the feed; ``kind`` is place, wayside, city or station."""

    stop_id: str
    name: str
    lat: float
    lon: float
    kind: str


@dataclass(frozen=True)
class Departure:
    """Minutes after midnight, the days it runs (daily, weekday, tuesday) and the status of the time."""

    minute: float
    service: str
    status: str


@dataclass
class Line:
    """A route with one course: stops, metres and seconds from the first stop, departures of both directions."""

    route_id: str
    short_name: str
    long_name: str
    agency_id: str
    route_type: int
    network_id: str
    vehicle_class: str
    capacity_pers: int
    stops: list[Stop]
    metres: list[int]
    arrive_s: list[int]
    dwell_s: int
    out: list[Departure] = field(default_factory=list)
    back: list[Departure] = field(default_factory=list)
    note: str = ""

    def course(self, direction: int) -> tuple[list[Stop], list[int], list[int]]:
        """Return stops, metres and arrival seconds of a direction (0 as given, 1 reversed)."""
        if direction == 0:
            return self.stops, self.metres, self.arrive_s
        metres = [self.metres[-1] - value for value in reversed(self.metres)]
        seconds = [self.arrive_s[-1] - value for value in reversed(self.arrive_s)]
        # the reversed clock counts from the arrival at the last stop: a stop's dwell moves before it
        seconds = [seconds[0]] + [value - self.dwell_s for value in seconds[1:-1]] + [seconds[-1]]
        return list(reversed(self.stops)), metres, seconds


def run_times(metres: Sequence[int], speed_km_h: float, dwell_s: int) -> list[int]:
    """Return arrival seconds at each stop (multiples of 10 s), at a mean speed that has the dwell times in it."""
    total = metres[-1] / (speed_km_h / 3.6)
    return run_times_total(metres, total, dwell_s)


def run_times_total(metres: Sequence[int], total_s: float, dwell_s: int) -> list[int]:
    """Return arrival seconds at each stop for a total run: dwell between stops, the rest by distance."""
    between = max(0, len(metres) - 2)
    moving = total_s - between * dwell_s
    if moving <= 0:
        raise ValueError("the dwell times are longer than the run")
    arrive = []
    for i, at in enumerate(metres):
        value = moving * at / metres[-1] + dwell_s * max(0, i - 1)
        arrive.append(round(value / 10) * 10)
    for i in range(1, len(arrive)):
        ready = arrive[i - 1] + (dwell_s if i > 1 else 0)
        arrive[i] = max(arrive[i], ready + 10)
    return arrive


def spread(count: int, first_min: float, last_min: float, peak_weight: float) -> list[float]:
    """Spread departures over a day, denser at 6:00-9:00 and 15:00-18:30, whole minutes.

    Departures are the quantiles of a density that is ``peak_weight`` in the peaks and one elsewhere; the first and last
    are at the ends.
    """
    if count <= 1:
        return [round((first_min + last_min) / 2)] if count == 1 else []
    edges = sorted({first_min, 360.0, 540.0, 900.0, 1110.0, last_min})
    edges = [edge for edge in edges if first_min <= edge <= last_min]
    weight = [peak_weight if (360 <= a < 540 or 900 <= a < 1110) else 1.0 for a in edges[:-1]]
    mass = [0.0]
    for a, b, w in zip(edges[:-1], edges[1:], weight, strict=True):
        mass.append(mass[-1] + (b - a) * w)
    times = []
    for k in range(count):
        goal = mass[-1] * k / (count - 1)
        i = 0
        while i < len(weight) - 1 and mass[i + 1] < goal:
            i += 1
        times.append(float(round(edges[i] + (goal - mass[i]) / weight[i])))
    return times


def with_reported(estimated: list[float], reported: Sequence[float]) -> list[tuple[float, str]]:
    """Put each reported time in the place of the estimated one nearest to it; the others stay assumptions."""
    times = [(minute, "assumption") for minute in estimated]
    for minute in reported:
        free = [i for i, (_, status) in enumerate(times) if status == "assumption"]
        if free:
            nearest = min(free, key=lambda i: (abs(times[i][0] - minute), i))
            times.pop(nearest)
        times.append((minute, "reported"))
    return sorted(times)


def departures(times: Sequence[tuple[float, str]], weekend_share: float) -> list[Departure]:
    """Mark which weekday departures also run at the weekend: an even choice of the assumed ones.

    Reported departures of weekdays are taken to run on weekdays only where a choice is left.
    """
    wanted = min(len(times), int(len(times) * weekend_share + 0.5))
    order = sorted(range(len(times)), key=lambda i: (times[i][1] == "reported", i))
    free = [i for i in order if times[i][1] != "reported"]
    pick = free if len(free) <= wanted else [free[int((k + 0.5) * len(free) / wanted)] for k in range(wanted)]
    pick += order[len(free) : len(free) + wanted - len(pick)]
    return [Departure(minute, "daily" if i in pick else "weekday", status) for i, (minute, status) in enumerate(times)]


def clock(text: str) -> float:
    """Return minutes after midnight of ``H:MM``."""
    hour, minute = text.split(":")
    return int(hour) * 60.0 + int(minute)
