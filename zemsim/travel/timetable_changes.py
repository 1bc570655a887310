"""What the measures of a year do to the timetable, in one order: the key by which timetables are told apart.

Equal keys give equal timetables, bit for bit; the empty key is the timetable of the region.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from pydantic import TypeAdapter

from zemsim.travel.on_demand import OnDemand, with_on_demand
from zemsim.travel.timetable import Timetable
from zemsim.travel.timetable_levers import Line, with_line, with_speed, with_stop, without_stops
from zemsim.travel.timetable_patterns import Stop


@dataclass(frozen=True)
class ExtraStop:
    """A further stop at which routes call; see :func:`zemsim.travel.timetable_levers.with_stop`."""

    stop: Stop
    route_ids: tuple[str, ...]
    dwell_s: int
    most_detour_m: float


@dataclass(frozen=True)
class PassedStops:
    """Stops that routes pass; see :func:`zemsim.travel.timetable_levers.without_stops`."""

    stop_ids: tuple[str, ...]
    route_ids: tuple[str, ...]
    saved_s: int


@dataclass(frozen=True)
class Speed:
    """Another speed of routes in some periods and between some stops; ``()`` means all of them."""

    route_ids: tuple[str, ...]
    factor: float
    periods: tuple[int, ...]
    stop_ids: tuple[str, ...]


@dataclass(frozen=True)
class Departures:
    """More or fewer departures of a route; see :meth:`zemsim.travel.timetable.Timetable.scaled`."""

    route_id: str
    factor: float


Change = Line | ExtraStop | PassedStops | Speed | Departures | OnDemand
#: The changes of a year in the order in which they are made.
TimetableKey = tuple[Change, ...]

#: Kinds in the order in which they change a timetable.
_KINDS: Final[tuple[type[Any], ...]] = (Line, Speed, ExtraStop, PassedStops, Departures, OnDemand)


def in_order(changes: Iterable[Change]) -> TimetableKey:
    """Return changes as a key: by kind, then by what they say, whatever the order in which measures named them."""
    return tuple(sorted(changes, key=lambda change: (_KINDS.index(type(change)), repr(change))))


def changed(table: Timetable, key: Sequence[Change]) -> Timetable:
    """Return the timetable of a key.

    Parameters
    ----------
    table : Timetable
        That of the region.
    key : sequence of Change
        See :func:`in_order`; without any, the timetable itself.

    Raises
    ------
    InputError
        If a change does not fit the timetable.
    """
    for change in key:
        match change:
            case Line():
                table = with_line(table, change)
            case ExtraStop():
                table = with_stop(table, change.stop, change.route_ids, change.dwell_s, change.most_detour_m)
            case PassedStops():
                table = without_stops(table, change.stop_ids, change.route_ids, change.saved_s)
            case Speed():
                pairs = [(name, change.factor) for name in change.route_ids]
                table = with_speed(table, pairs, change.periods or None, change.stop_ids or None)
            case Departures():
                table = table.scaled([(change.route_id, change.factor)])
            case OnDemand():
                table = with_on_demand(table, change)
    return table


def keys_needed(key: TimetableKey) -> tuple[TimetableKey, ...]:
    """Return the keys of all timetables that travellers under a key may need, this one first.

    With services on demand there is a second one, for those whom they refuse: the same timetable, stop by stop and
    pattern by pattern, with no ride on demand.
    """
    never = (None, None)
    without = tuple(replace(change, hours_s=never) if isinstance(change, OnDemand) else change for change in key)
    return (key,) if without == key else (key, without)


def to_plain(key: Sequence[Change]) -> list[dict[str, Any]]:
    """Return a key as it stands in a JSON file."""
    return [{"kind": type(change).__name__, **asdict(change)} for change in key]


def from_plain(rows: Iterable[dict[str, Any]]) -> TimetableKey:
    """Return the key that :func:`to_plain` wrote."""
    kinds = {kind.__name__: TypeAdapter(kind) for kind in _KINDS}
    return tuple(
        kinds[row["kind"]].validate_python({name: value for name, value in row.items() if name != "kind"})
        for row in rows
    )
