"""Tags of ways: sixty values and what becomes of them; what is not understood is never guessed."""

from __future__ import annotations

import pytest

from zemsim.region.build import tags
from zemsim.region.build.rules import Rules

RULES = Rules.read()

SPEEDS: list[tuple[str, float | None]] = [
    ("50", 50.0), ("50 km/h", 50.0), ("50kmh", 50.0), ("50 kph", 50.0), ("30 mph", 48.28032), ("50 mph", 80.4672),
    ("5 knots", 9.26), ("LV:urban", 50.0), ("LV:rural", 90.0), ("DE:rural", 100.0), ("DE:urban", 50.0),
    ("none", 130.0), ("walk", 6.0), ("RO:urban", 50.0), ("BR:rural", 90.0), ("GB:nsl_single", 96.56),
    ("30;50", 30.0), ("50|30", 30.0), ("90; 70", 70.0), ("fast", None), ("", None), ("0", None), ("-50", None),
    ("50,5", None), ("1000", None), ("200", None), ("LV:", None), ("lv:urban", None), ("50;fast", None),
    ("signals", None), ("variable", None), ("LV:zone30", 30.0), ("7.5", 7.5),
]  # fmt: skip
LANES: list[tuple[str, float | None]] = [
    ("1", 1), ("2", 2), ("2;3", 2), ("3|2", 2), ("1.5", 1), ("0", None), ("-1", None), ("many", None), ("99", None),
    ("", None), ("2,5", None),
]  # fmt: skip
ONEWAY: list[tuple[dict[str, str], tuple[int, bool]]] = [
    ({}, (0, False)), ({"oneway": "yes"}, (1, False)), ({"oneway": "1"}, (1, False)), ({"oneway": "true"}, (1, False)),
    ({"oneway": "-1"}, (-1, False)), ({"oneway": "reverse"}, (-1, False)), ({"oneway": "no"}, (0, False)),
    ({"junction": "roundabout"}, (1, False)), ({"junction": "circular"}, (1, False)),
    ({"highway": "motorway"}, (1, False)), ({"highway": "motorway", "oneway": "no"}, (0, False)),
    ({"junction": "roundabout", "oneway": "-1"}, (-1, False)), ({"oneway": "reversible"}, (0, True)),
    ({"oneway": "alternating"}, (0, True)), ({"oneway": "maybe"}, (0, True)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), SPEEDS)
def test_speed(text: str, wanted: float | None) -> None:
    assert tags.speed_km_h(text, RULES) == (None if wanted is None else pytest.approx(wanted))


@pytest.mark.parametrize(("text", "wanted"), LANES)
def test_lanes(text: str, wanted: float | None) -> None:
    assert tags.lane_count(text) == wanted


@pytest.mark.parametrize(("found", "wanted"), ONEWAY)
def test_direction(found: dict[str, str], wanted: tuple[int, bool]) -> None:
    assert tags.direction({"highway": "residential", **found}) == wanted


def test_there_are_about_sixty_tags() -> None:
    assert len(SPEEDS) + len(LANES) + len(ONEWAY) == 59


@pytest.mark.parametrize(
    ("found", "mode", "wanted"),
    [
        ({"highway": "residential"}, "car", True),
        ({"highway": "footway"}, "car", False),
        ({"highway": "footway", "access": "yes"}, "car", False),
        ({"highway": "footway", "motor_vehicle": "yes"}, "car", True),
        ({"highway": "residential", "access": "no"}, "car", False),
        ({"highway": "residential", "access": "no", "motorcar": "yes"}, "car", True),
        ({"highway": "residential", "motor_vehicle": "destination"}, "car", True),
        ({"highway": "residential", "access": "private", "foot": "yes"}, "walk", True),
        ({"highway": "residential", "vehicle": "no"}, "bike", False),
        ({"highway": "footway", "bicycle": "designated"}, "bike", True),
        ({"highway": "footway", "bicycle": "dismount"}, "bike", False),
        ({"highway": "trunk", "motorroad": "yes"}, "walk", False),
        ({"highway": "motorway"}, "bike", False),
        ({"highway": "steps"}, "walk", True),
    ],
)
def test_access(found: dict[str, str], mode: str, wanted: bool) -> None:
    assert tags.allowed(found, mode, RULES) == (wanted, False)


def test_an_unknown_access_is_said() -> None:
    assert tags.allowed({"highway": "residential", "access": "quux"}, "car", RULES) == (True, True)


@pytest.mark.parametrize(
    ("found", "vehicles", "wanted"),
    [
        ({}, 1, 1),
        ({"oneway:bicycle": "no"}, 1, 0),
        ({"cycleway": "opposite_lane"}, 1, 0),
        ({"oneway:bicycle": "-1"}, 1, -1),
        ({}, 0, 0),
    ],
)
def test_bikes_against_the_street(found: dict[str, str], vehicles: int, wanted: int) -> None:
    assert tags.bike_direction({"highway": "residential", **found}, vehicles) == wanted


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({"highway": "cycleway"}, "cycleway"),
        ({"highway": "primary"}, "main"),
        ({"highway": "primary_link", "cycleway:right": "lane"}, "lane"),
        ({"highway": "residential", "cycleway": "track"}, "cycleway"),
        ({"highway": "path"}, "path"),
        ({"highway": "residential"}, "street"),
    ],
)
def test_infrastructure(found: dict[str, str], wanted: str) -> None:
    assert tags.infrastructure(found) == wanted


def test_lanes_each_way() -> None:
    assert tags.lanes_each_way({"lanes": "3"}, 0) == (1.5, 1.5, False)
    assert tags.lanes_each_way({"lanes": "3"}, 1) == (3, 3, False)
    assert tags.lanes_each_way({"lanes": "3", "lanes:forward": "2"}, 0) == (2, 1.5, False)
    assert tags.lanes_each_way({"lanes": "many"}, 0) == (None, None, True)
