"""The benchmark of residents as agents compares before it times; here on a few hundred residents."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.agents import DifferentError, compare, even, main, measure, ratio, rows_of, verdicts_of, ways_of
from benchmarks.resident_shapes import Bare, ObjectTown
from tests.unit.model.small_world import small_world
from zemsim.core.names import DayType
from zemsim.model import day
from zemsim.model.mesa_versions import forget_model
from zemsim.model.model import MobilityModel
from zemsim.model.rows import RowSet

if TYPE_CHECKING:
    from zemsim.population import Population
    from zemsim.region import Region

SHARE = 300


@pytest.fixture(scope="module")
def model(zemgale: Region, zemgale_population: Population) -> Iterator[MobilityModel]:
    """A weekday on which every branch of the rule is taken by some tour."""
    built = MobilityModel(small_world(zemgale, zemgale_population), seed=1)
    built.step()
    day.use_day(built, DayType.WEEKDAY)
    day.allot_household_cars(built)
    luck = np.random.default_rng(7)
    columns = built.today.columns
    n = built.today.n_tours
    built.crowding[DayType.WEEKDAY][:] = 1.0 + luck.random(built.crowding[DayType.WEEKDAY].shape)
    columns.ebike[:] = luck.integers(0, 3, n)
    columns.shared_eur[:] = np.where(columns.ebike == 2, 2.5, 0.0)
    columns.road_min[luck.random(n) < 0.1] = np.inf
    far = luck.random(n) < 0.3
    for minutes in (columns.walk_min, columns.bike_min, columns.ebike_min):
        minutes[far] = np.inf
    columns.transit_ok[luck.random((2, n)) < 0.3] = False
    columns.passenger[luck.random(n) < 0.3] = False
    built.today.set_constants(built.today.parameters.constants)  # so that what is worked out ahead is made anew
    day.use_day(built, DayType.WEEKDAY)
    yield built
    built.close()


@pytest.fixture(scope="module")
def shapes(model: MobilityModel) -> Iterator[tuple[Bare, ObjectTown, RowSet]]:
    """The same day as columns alone, as objects, and a sample of row agents."""
    bare = Bare.of(model)
    rows = even(len(model.residents), SHARE)
    town = ObjectTown(bare, rows)
    yield bare, town, RowSet(model.residents.table, rows)
    forget_model(town)


def test_every_way_makes_the_same_choices(model: MobilityModel, shapes: tuple[Bare, ObjectTown, RowSet]) -> None:
    bare, town, sample = shapes
    compared = compare(model, bare, town, sample)
    assert len(town.people) == len(sample) == SHARE
    assert compared["objects"] == compared["one by one"] == len(town.tour_idx) > SHARE / 2
    assert compared["bare, 2 threads"] == compared["batch, 2 threads"] == model.today.n_tours
    assert set(bare.alternative.tolist()) == set(range(-1, 7))  # each alternative, and tours without any


def test_bare_columns_are_copies(model: MobilityModel, shapes: tuple[Bare, ObjectTown, RowSet]) -> None:
    bare = shapes[0]
    for copy, column in zip(bare.columns, model.today.columns, strict=True):
        assert not np.shares_memory(copy, column)
        np.testing.assert_array_equal(copy, column)


def test_one_different_choice_is_found(model: MobilityModel, shapes: tuple[Bare, ObjectTown, RowSet]) -> None:
    bare, town, sample = shapes
    compare(model, bare, town, sample)
    tour = next(
        tour for who in town.people for tour in who.tours if tour.fixed[0] > -math.inf and tour.fixed[6] > -math.inf
    )
    kept = tour.shock_nest, tour.shock_alternative
    other = 6 if tour.choice == 0 else 0
    tour.shock_nest = [-1e9, -1e9, -1e9]
    tour.shock_nest[0 if other == 0 else 2] = math.inf
    tour.shock_alternative = [1e9 if m == other else 0.0 for m in range(7)]
    with pytest.raises(DifferentError, match="objects: 1 of"):
        compare(model, bare, town, sample)
    tour.shock_nest, tour.shock_alternative = kept


def test_rounds_are_timed_and_judged(model: MobilityModel, shapes: tuple[Bare, ObjectTown, RowSet]) -> None:
    ways = ways_of(model, *shapes)
    times = measure(ways, 3)
    assert [len(seen) for seen in times] == [2] * len(ways)
    rows = rows_of(ways, times)
    assert [(row["task"], row["threads"]) for row in rows] == [(way.name, way.threads) for way in ways]
    assert all(row["seconds"] > 0 for row in rows)
    assert [v["name"] for v in verdicts_of(ways, times, 0)] == [
        "batch / bare, 1 threads",
        "batch / bare, 2 threads",
        "objects / batch, per resident",
    ]


def test_limits_are_inclusive_and_per_resident(model: MobilityModel, shapes: tuple[Bare, ObjectTown, RowSet]) -> None:
    ways = ways_of(model, *shapes)
    share = len(model.residents) / SHARE
    seconds = {"bare": 1.0, "batch": 1.3, "objects": 26.1 / share, "one by one": 1.0}
    fine = [[(seconds[way.name], 1.0)] for way in ways]
    assert [v["passed"] for v in verdicts_of(ways, fine, 0)] == [True, True, True]
    assert [v["passed"] for v in verdicts_of(ways, fine, 1)] == [True, True, share >= 20]
    slow = [[(seconds[way.name] * (1.01 if way.name == "batch" else 1.0), 1.0)] for way in ways]
    assert [v["passed"] for v in verdicts_of(ways, slow, 0)] == [False, False, False]
    assert ratio([(2.0, 1.0), (9.0, 1.0), (4.0, 1.0)], [(1.0, 1.0)] * 3, 0) == 4.0


@pytest.mark.parametrize("arguments", [["--objects", "19999"], ["--rounds", "1"], ["--one-by-one", "0"]])
def test_too_little_to_measure_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "20000 or more" in capsys.readouterr().err


def test_even_rows() -> None:
    assert even(10, 5).tolist() == [0, 2, 4, 6, 9]
    assert even(3, 5).tolist() == [0, 1, 2]
