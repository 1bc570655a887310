"""Tags of ways: limits, lanes, directions, access, surface. A tag that says nothing clear is defaulted and counted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from zemsim.region.build.rules import Rules

Tags = Mapping[str, str]

KM_PER_MILE = 1.609344
KM_H_PER_KNOT = 1.852

_NUMBER = r"(\d{1,3}(?:\.\d{1,2})?)"
_SPEED = re.compile(_NUMBER + r"\s*(km/h|kmh|kph|mph|knots)?", re.IGNORECASE)
_LIST = re.compile(r"\s*[;|]\s*")
_LARGEST_KM_H = 160.0
_MOST_LANES = 16.0

#: Values of ``oneway``: 1 along the way, -1 against it, 0 both.
_ONEWAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0}
#: Values of ``oneway`` that change with the time of day: both directions are kept.
_CHANGING = {"reversible", "alternating"}


def speed_km_h(text: str, rules: Rules) -> float | None:
    """Return the limit that a value of ``maxspeed`` states, km/h; None if it states none.

    Numbers are km/h unless the unit is mph or knots. Words are looked up (``LV:urban``; ``*:urban`` for other
    countries). Of a list (``30;50``) the lowest counts. Beyond 160 km/h, and at 0, a value states nothing.
    """
    found = [_one_speed(part.strip(), rules) for part in _LIST.split(text)]
    if not found or any(value is None for value in found):
        return None
    return min(value for value in found if value is not None)


def _one_speed(text: str, rules: Rules) -> float | None:
    match = _SPEED.fullmatch(text)
    if match is None:
        known = rules.limits
        country, _, word = text.partition(":")
        if text in known:
            return known[text]
        if re.fullmatch(r"[A-Z]{2}(-[A-Z]+)?", country):
            return known.get(f"*:{word}")
        return None
    value = float(match[1]) * {"mph": KM_PER_MILE, "knots": KM_H_PER_KNOT}.get((match[2] or "").lower(), 1.0)
    return value if 0.0 < value <= _LARGEST_KM_H else None


def lane_count(text: str) -> float | None:
    """Return the lanes that a value of ``lanes`` states, the fewest of a list (``2;3``); None if it states none."""
    values = []
    for part in _LIST.split(text):
        if not re.fullmatch(r"\d{1,2}(\.5)?", part.strip()):
            return None
        values.append(float(part))
    if not values or min(values) < 1.0 or max(values) > _MOST_LANES:
        return None
    return math.floor(min(values))


def direction(tags: Tags) -> tuple[int, bool]:
    """Return 1, -1 or 0 for vehicles along, against or both ways, and whether a tag was not understood.

    Roundabouts and motorways run along the way unless ``oneway`` says otherwise.
    """
    implied = int(tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway")
    stated = tags.get("oneway")
    if stated is None:
        return implied, False
    if stated in _CHANGING:
        return 0, True
    return _ONEWAY.get(stated, implied), stated not in _ONEWAY


def bike_direction(tags: Tags, vehicles: int) -> int:
    """Return 1, -1 or 0 for bicycles: as vehicles, unless a tag lets them ride against a one-way street."""
    stated = tags.get("oneway:bicycle")
    if stated in _ONEWAY:
        return _ONEWAY[stated]
    sides = [tags.get(key, "") for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")]
    if vehicles and any(side.startswith("opposite") for side in sides):
        return 0
    if tags.get("highway") in ("cycleway", "path", "footway", "pedestrian") and "oneway" not in tags:
        return 0
    return vehicles


def allowed(tags: Tags, mode: str, rules: Rules) -> tuple[bool, bool]:
    """Return whether a mode may use a way, and whether a value was not known (then the class of road decides)."""
    highway = rules.highways[tags["highway"]]
    usual = mode in highway.modes
    for key in rules.access_keys[mode]:
        value = tags.get(key)
        if value is None:
            continue
        answers = [rules.access_values.get(part) for part in _LIST.split(value)]
        if any(answer is None for answer in answers):
            return usual, True
        if key in ("access", "vehicle") and any(answers) and mode not in highway.modes:
            return False, False  # "access=yes" on a footway does not let cars in
        return any(answers), False
    if mode == "bike" and tags.get("motorroad") == "yes":
        return False, False
    if mode == "walk" and tags.get("motorroad") == "yes":
        return False, False
    return usual, False


def lanes_each_way(tags: Tags, vehicles: int) -> tuple[float | None, float | None, bool]:
    """Return the lanes along and against a way (None if not stated), and whether a tag was not understood."""
    total = tags.get("lanes")
    count = None if total is None else lane_count(total)
    wrong = total is not None and count is None
    sides = []
    for side in ("forward", "backward"):
        text = tags.get(f"lanes:{side}")
        value = None if text is None else lane_count(text)
        wrong |= text is not None and value is None
        sides.append(value)
    if count is not None:
        share = count if vehicles else max(1.0, count / 2.0)
        sides = [share if value is None else value for value in sides]
    return sides[0], sides[1], wrong


def infrastructure(tags: Tags) -> str:
    """Return what a cyclist rides on: cycleway, lane, path, street or main."""
    if tags["highway"] == "cycleway" or (tags.get("bicycle") == "designated" and tags["highway"] in ("path", "track")):
        return "cycleway"
    sides = {tags.get(key, "") for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")}
    if sides & {"track", "opposite_track", "separate"}:
        return "cycleway"
    if sides & {"lane", "opposite_lane", "shared_lane", "share_busway", "shoulder"}:
        return "lane"
    if tags["highway"] in ("path", "footway", "pedestrian", "track", "bridleway"):
        return "path"
    busy = ("motorway", "trunk", "primary", "secondary")
    return "main" if tags["highway"].removesuffix("_link") in busy else "street"
