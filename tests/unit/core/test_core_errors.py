"""Errors, notices, units: what a person reads."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.core import units
from zemsim.core.errors import (
    BusyError,
    InputError,
    InputErrors,
    OutputError,
    UsageError,
    clean,
    did_you_mean,
    nearest,
    raise_all,
)
from zemsim.core.notices import Notices


def test_text_of_an_error_has_file_line_message_and_hint() -> None:
    assert str(InputError("key: wrong", "a.toml", 3, "do this")) == "a.toml:3: key: wrong - do this"
    assert str(InputError("wrong", "a.toml")) == "a.toml: wrong"
    assert str(InputError("wrong", hint="do this")) == "wrong - do this"


def test_exit_codes() -> None:
    found = [UsageError("x"), InputError("x"), InputErrors([InputError("x")]), OutputError("x"), BusyError("x")]
    assert [error.exit_code for error in found] == [2, 65, 65, 74, 75]


def test_errors_come_sorted_by_line_and_survive_pickling() -> None:
    errors = InputErrors([InputError("b", "f", 9), InputError("a", "f", 2, "h")])
    assert str(errors) == "f:2: a - h\nf:9: b"
    assert str(pickle.loads(pickle.dumps(errors))) == str(errors)
    assert str(pickle.loads(pickle.dumps(errors.errors[0]))) == "f:2: a - h"


def test_raise_all() -> None:
    raise_all([])
    with pytest.raises(InputError, match="one"):
        raise_all([InputError("one")])
    with pytest.raises(InputErrors) as caught:
        raise_all([InputError("one"), InputError("two")])
    assert len(caught.value) == 2


def test_names_cannot_hide_a_message() -> None:
    assert clean("a\x1b[31mb\nc\u202ed") == "a [31mb c d"
    assert str(InputError("x\ny", "f\n", 1)) == "f :1: x y"
    assert len(clean("x" * 1000, 80)) == 80


def test_nearest() -> None:
    assert nearest("sampel", ["seeds", "sample"]) == "sample"
    assert nearest("JELGAVA", ["Jelgava", "Dobele"]) == "Jelgava"
    assert nearest("xyz", ["Jelgava"]) is None
    assert did_you_mean("xyz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("xyz", [str(n) for n in range(100)]).endswith("and 88 more")
    assert did_you_mean("x", []) == "known: none"


def test_endless_names_take_no_time() -> None:
    start = time.process_time()
    nearest("x" * 1_000_000, [f"name-{number}" for number in range(500)])
    assert time.process_time() - start < 1.0


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=10), max_size=8))
def test_nearest_is_known_and_does_not_depend_on_order(name: str, names: list[str]) -> None:
    found = nearest(name, names)
    assert found is None or found in names
    assert found == nearest(name, list(reversed(names)))


def test_notices_count_and_keep_the_first_examples() -> None:
    notices = Notices()
    notices.add("b", "rows left out", 3, ["r1", "r2"])
    notices.add("b", "rows left out", 4, ["r3", "r4", "r5", "r6"])
    notices.add("a", "zones without people")
    notices.add("none", "nothing", 0)
    other = Notices()
    other.merge(notices)
    assert [notice.code for notice in other] == ["a", "b"]
    assert other.count("b") == 7
    assert other.count("none") == 0
    assert str(list(other)[1]) == "7 × rows left out (for example r1, r2, r3, r4, r5)"
    assert other.rows()[0] == {"code": "a", "message": "zones without people", "count": 1, "examples": []}
    with pytest.raises(ValueError, match="two messages"):
        other.add("a", "something else")
    with pytest.raises(ValueError, match="upwards"):
        other.add("a", "zones without people", -1)


@pytest.mark.parametrize(
    ("name", "stem", "unit"),
    [
        ("price_eur_kwh", "price", "eur_kwh"),
        ("speed_km_h", "speed", "km_h"),
        ("power_kw", "power", "kw"),
        ("km_per_car_year", "km_per_car", "year"),
        ("cost_eur_per_vehicle_km", "cost", "eur_per_vehicle_km"),
        ("cost_eur_per_vehicle_hour", "cost", "eur_per_vehicle_hour"),
        ("cost_eur_per_bike_year", "cost", "eur_per_bike_year"),
        ("points_per_site", "points_per_site", None),
        ("title", "title", None),
        ("share", "share", None),
    ],
)
def test_unit_of_a_name(name: str, stem: str, unit: str | None) -> None:
    assert units.split_unit(name) == (stem, unit)


def test_stems_see_units_of_other_scales() -> None:
    assert units.stem("grant_keur") == "grant"
    assert units.stem("price_eur_kw") == units.stem("price_eur_kwh") == "price"
    assert units.stem("walk_max_km") == "walk_max"
    assert units.stem("cost_keur_per_vehicle_hour") == units.stem("cost_eur_per_vehicle_km") == "cost"
    assert units.stem("points_per_site") == "points_per_site"
    assert units.describe_unit("saved_eur_per_vehicle_km") == "euro per vehicle-km"
    assert units.describe_unit("price_eur_kwh") == "euro per kilowatt hour"
