"""Kinds of vehicle by ``route_type``: the basic types of GTFS and the extended ones (hundreds).

Source: GTFS Schedule reference, routes.txt; Google Transit extensions, extended route types.
"""

from __future__ import annotations

from typing import Final

_BASIC: Final = {
    0: "tram",
    1: "metro",
    2: "rail",
    3: "bus",
    4: "ferry",
    5: "tram",
    6: "cableway",
    7: "funicular",
    11: "bus",
    12: "monorail",
}
_HUNDREDS: Final = {
    1: "rail",
    2: "bus",
    4: "metro",
    5: "metro",
    6: "metro",
    7: "bus",
    8: "bus",
    9: "tram",
    10: "ferry",
    11: "air",
    12: "ferry",
    13: "cableway",
    14: "funicular",
    15: "on_demand",
    16: "other",
    17: "other",
}
_SPECIAL: Final = {405: "monorail", 715: "on_demand"}

#: Kinds that count as trains in the choice of mode.
TRAIN_KINDS: Final = frozenset({"rail", "metro", "monorail"})

#: Kinds that are neither bus nor train to a traveller; a timetable that has them says so.
ODD_KINDS: Final = frozenset({"ferry", "cableway", "funicular", "air", "on_demand", "other"})


def kind_of(route_type: int) -> str | None:
    """Return ``tram, metro, rail, bus, ferry, cableway, funicular, monorail, air, on_demand`` or ``other``.

    Parameters
    ----------
    route_type : int
        As in ``routes.txt``.

    Returns
    -------
    str or None
        None if GTFS knows no such type.
    """
    if route_type in _BASIC:
        return _BASIC[route_type]
    return _SPECIAL.get(route_type) or (_HUNDREDS.get(route_type // 100) if 100 <= route_type <= 1799 else None)
