"""Who goes to another place: the kernel against its slow twin, the chances that come out, and who must stay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import resettling as slow
from zemsim.kernels.resettling import Cells, Movers, balanced_pull, places_weighed, settled

Member = dict[str, Any]
SEED, STREAM, THETA = 7, 28, 0.5
N_ZONES, N_SEGMENTS = 4, 3

#: Differences are exact: compiled code takes them in float32, plain Python in float64.
logsum = st.sampled_from([-math.inf, -2.0, -1.0, 0.0, 0.5]) | st.integers(-384, 192).map(lambda k: k / 64.0)
member = st.fixed_dictionaries(
    {
        "group": st.integers(0, 2),
        "before": st.integers(0, N_SEGMENTS - 1),
        "now": st.integers(0, N_SEGMENTS - 1),
        "zone": st.integers(0, N_ZONES - 1),
        "origin": st.integers(0, N_ZONES - 1),
        "free": st.booleans(),
        "room_min": st.sampled_from([5.0, 20.0, 400.0]),
    }
)
unchanged = member.map(lambda one: one | {"before": -1, "now": -1})
ways = st.lists(st.sampled_from([0.0, 5.0, 30.0, math.inf]), min_size=N_ZONES**2, max_size=N_ZONES**2)


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[list[Member], np.ndarray, np.ndarray]:
    """Members sorted by neighbourhood, and their logsums at first and now."""
    members = sorted(draw(st.lists(member | unchanged, min_size=1, max_size=14)), key=lambda m: m["group"])
    for row, one in enumerate(members):
        one |= {"row": row, "agent": 100 + row // 2, "draw": row % 2}
    tables = [
        np.array(draw(st.lists(logsum, min_size=n, max_size=n)), np.float32).reshape(N_SEGMENTS, -1)
        for n in [N_SEGMENTS * len(members)] * 2
    ]
    return members, tables[0], tables[1] if draw(st.booleans()) else tables[0]


def cells_of(members: list[Member]) -> tuple[Cells, np.ndarray]:
    """Cells in the order of group and segments, and the cell of each member."""
    keys = sorted({(m["group"], m["before"], m["now"]) for m in members})
    rows = {g: [m["row"] for m in members if m["group"] == g] for g, _, _ in keys}
    first = np.array([rows[g][0] for g, _, _ in keys], np.int32)
    last = np.array([rows[g][-1] + 1 for g, _, _ in keys], np.int32)
    cell = np.array([keys.index((m["group"], m["before"], m["now"])) for m in members], np.int32)
    before, now = (np.array([key[i] for key in keys], np.int8) for i in (1, 2))
    size = np.bincount(cell, minlength=len(keys)).astype(np.int32)
    return Cells(first, last, before, now, size, np.append(0, np.cumsum(last - first)).astype(np.int64)), cell


def movers_of(members: list[Member], cell: np.ndarray) -> Movers:
    types = {"free": np.bool_, "agent": np.int64, "draw": np.int64, "origin": np.int32, "zone": np.int32}
    columns = {name: np.array([m[name] for m in members], kind) for name, kind in types.items()}
    return Movers(cell=cell, room_min=np.array([m["room_min"] for m in members], np.float32), **columns)


def kernel(
    members: list[Member], before: np.ndarray, now: np.ndarray, pull: np.ndarray, way: np.ndarray, threads: int = 1
) -> list[int]:
    cells, cell = cells_of(members)
    weight = places_weighed(cells, before, now, THETA, threads)
    found = settled(cells, movers_of(members, cell), weight, pull, now, way, SEED, STREAM, threads)
    return found.tolist()


@given(neighbours(), ways)
def test_places_are_those_of_the_twin(found: tuple[list[Member], np.ndarray, np.ndarray], way: list[float]) -> None:
    members, before, now = found
    minutes = np.array(way, np.float32).reshape(N_ZONES, N_ZONES)
    pull = np.array([1.0, 0.5, 2.0, 1.0])
    expected = [
        slow.place(m, members, before, now, THETA, pull, minutes, SEED, STREAM) for m in members
    ]  # fmt: skip
    assert kernel(members, before, now, pull, minutes) == expected
    assert kernel(members, before, now, pull, minutes, threads=2) == expected


@given(neighbours())
def test_factors_of_zones_are_those_of_the_twin(found: tuple[list[Member], np.ndarray, np.ndarray]) -> None:
    members, before, now = found
    cells, cell = cells_of(members)
    zone = movers_of(members, cell).zone
    weight = places_weighed(cells, before, now, THETA, 1)
    pull, total = balanced_pull(cells, zone, weight, N_ZONES, 3, -1.0)
    expected = slow.balanced(members, before, now, THETA, 3)
    for j, factor in expected.items():
        assert pull[j] == pytest.approx(factor, rel=1e-9, abs=1e-300)
    before_last = slow.totals(members, before, now, THETA, slow.balanced(members, before, now, THETA, 2))
    assert {j: total[j] for j in before_last} == pytest.approx(before_last, rel=1e-9, abs=1e-12)


@settings(max_examples=20)
@given(neighbours())
def test_nobody_moves_without_a_change(found: tuple[list[Member], np.ndarray, np.ndarray]) -> None:
    """The same person with the same logsums stays, and zones have the factor 1."""
    members, before, _ = found
    for one in members:
        one["now"] = one["before"]
    cells, cell = cells_of(members)
    weight = places_weighed(cells, before, before, THETA, 1)
    pull, total = balanced_pull(cells, movers_of(members, cell).zone, weight, N_ZONES, 9, 1e-12)
    assert (pull == 1.0).all() == bool((weight == 1.0).all())
    if (weight == 1.0).all():
        assert kernel(members, before, before, pull, np.zeros((N_ZONES, N_ZONES), np.float32)) == list(
            range(len(members))
        )
        assert total == pytest.approx(np.bincount([m["zone"] for m in members], minlength=N_ZONES))


def many(n: int, change: np.ndarray) -> tuple[list[Member], np.ndarray, np.ndarray]:
    """One neighbourhood of one segment, whose places change so much."""
    base = {"group": 0, "before": 0, "now": 0, "origin": 0, "free": True, "room_min": 99.0, "draw": 0}
    members = [base | {"row": row, "agent": row, "zone": row % N_ZONES} for row in range(n)]
    before = np.zeros((1, n), np.float32)
    return members, before, (before + change).astype(np.float32)


def drawn(members: list[Member], before: np.ndarray, now: np.ndarray, seeds: int) -> np.ndarray:
    """Places taken, int64 [seeds, N]."""
    cells, cell = cells_of(members)
    weight = places_weighed(cells, before, now, THETA, 1)
    pull, way = np.ones(N_ZONES), np.zeros((N_ZONES, N_ZONES), np.float32)
    movers = movers_of(members, cell)
    return np.array([settled(cells, movers, weight, pull, now, way, s, STREAM, 1) for s in range(seeds)])


def test_places_come_out_with_their_new_chances_and_no_more_move_than_must() -> None:
    n, seeds = 40, 500
    change = np.linspace(-2.0, 2.0, n)
    places = drawn(*many(n, change), seeds)
    chance = np.exp(THETA * change) / np.exp(THETA * change).sum()
    counts = np.bincount(places.ravel(), minlength=n)
    sd = np.sqrt(n * seeds * chance * (1 - chance))
    assert np.abs((counts - n * seeds * chance) / sd).max() < 4.0
    must = 0.5 * np.abs(chance - 1.0 / n).sum()
    moved = (places != np.arange(n)).mean()
    assert moved == pytest.approx(must, abs=4 * math.sqrt(must / (n * seeds)))
    stayed = (places == np.arange(n)).mean(axis=0)
    assert stayed == pytest.approx(np.minimum(1.0, n * chance), abs=0.09)


def test_places_of_many_are_those_of_the_twin() -> None:
    """Forty members, of whom many move and have several places to choose from; one zone is out of reach."""
    members, before, now = many(40, np.linspace(-2.0, 2.0, 40))
    pull, way = np.ones(N_ZONES), np.zeros((N_ZONES, N_ZONES), np.float32)
    way[0, 2] = 200.0
    expected = [slow.place(m, members, before, now, THETA, pull, way, SEED, STREAM) for m in members]
    assert len({place for row, place in enumerate(expected) if place not in (row, -1 - row)}) > 3
    assert kernel(members, before, now, pull, way) == expected


@pytest.mark.parametrize("others", [-1.0, 1.0])
def test_where_there_was_no_way_and_is_none_nobody_leaves_or_comes(others: float) -> None:
    """Whether other places become better or worse: such members are counted elsewhere."""
    members, before, now = many(12, np.linspace(others - 0.9, others + 0.9, 12))
    before[0, 5] = now[0, 5] = -math.inf
    places = drawn(members, before, now, 60)
    assert (places != np.arange(12)).any()
    assert (places[:, 5] == 5).all()
    assert (np.delete(places, 5, axis=1) != 5).all()


def test_a_place_that_becomes_better_loses_nobody() -> None:
    change = np.zeros(30)
    change[7] = 1.0
    places = drawn(*many(30, change), 200)
    moved = places[places != np.arange(30)]
    assert len(moved) > 0
    assert (moved == 7).all()


def test_totals_of_zones_are_met_when_all_choose() -> None:
    """Doubly constrained: members of two neighbourhoods and segments, one zone becomes much worse."""
    rng = np.random.default_rng(3)
    members = [
        {"group": row // 50, "before": row % 2, "now": row % 2, "zone": int(rng.integers(N_ZONES)), "origin": 0}
        | {"row": row, "agent": row, "draw": 0, "free": True, "room_min": 99.0}
        for row in range(200)
    ]
    before = np.zeros((N_SEGMENTS, 200), np.float32)
    now = (before + np.where([m["zone"] == 1 for m in members], -3.0, rng.normal(0, 1, 200))).astype(np.float32)
    cells, cell = cells_of(members)
    weight = places_weighed(cells, before, now, THETA, 1)
    zone = movers_of(members, cell).zone
    pull, total = balanced_pull(cells, zone, weight, N_ZONES, 200, 1e-4)
    wanted = np.bincount(zone, minlength=N_ZONES)
    assert np.abs(total - wanted).max() <= 1e-4 * wanted.max()
    assert pull[1] > max(pull[0], pull[2], pull[3])
    assert not np.allclose(balanced_pull(cells, zone, weight, N_ZONES, 1, 1e-4)[1], wanted, rtol=1e-2)


def test_what_does_not_fit_together_is_refused() -> None:
    members, before, now = many(4, np.zeros(4))
    cells, cell = cells_of(members)
    weight = places_weighed(cells, before, now, THETA, 1)
    with pytest.raises(ValueError, match="logsums of"):
        places_weighed(cells, before, now[:, :2], THETA, 1)
    movers = movers_of(members, cell)
    way = np.zeros((N_ZONES, N_ZONES), np.float32)
    with pytest.raises(ValueError, match="differ in length"):
        settled(cells, movers._replace(free=np.ones(3, np.bool_)), weight, np.ones(4), now, way, 1, 1, 1)
    with pytest.raises(ValueError, match="were given"):
        settled(cells, movers._replace(cell=np.full(4, -1, np.int32)), weight, np.ones(4), now, way, 1, 1, 1)
