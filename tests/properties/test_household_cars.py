"""The allotment of household cars against its slow twin, and what must hold for any household."""

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import household_cars as slow
from zemsim.kernels.household_cars import AllotmentTours, CarColumns, allot_cars

# Few different values, so that ties of rank, length and cost are common.
KM = st.sampled_from([0.0, 0.5, 3.0, 12.5, 40.0, 41.0]) | st.floats(0, 300, width=32)
MINUTES = st.sampled_from([300, 480, 500, 501, 720, 1000, 1439]) | st.integers(300, 1439)
EUR = st.sampled_from([0.0, 1.0, 2.5]) | st.floats(0, 16, width=32)

tours = st.lists(
    st.fixed_dictionaries(
        {
            "rank": st.none() | st.integers(0, 5),
            "km": KM,
            "times": st.tuples(MINUTES, MINUTES).map(sorted),
            "parking": st.fixed_dictionaries({False: EUR, True: EUR}),
        }
    ).map(lambda t: t | {"depart": t["times"][0], "back": t["times"][1]}),
    max_size=7,
)
cars = st.lists(
    st.fixed_dictionaries(
        {
            "eur_km": st.sampled_from([0.05, 0.1, 0.1, 0.2]).map(lambda x: float(np.float32(x))),
            "reach_km": st.just(math.inf) | st.sampled_from([0.0, 25.0, 80.0]) | st.floats(0, 400, width=32),
            "electric": st.booleans(),
        }
    ),
    max_size=4,
)
households = st.lists(st.tuples(tours, cars), min_size=1, max_size=4)


def run(homes):
    """The kernel's car, drive and parking cost of every tour of some households, and the offsets."""
    flat = [tour for home, _ in homes for tour in home]
    fleet = [car for _, garage in homes for car in garage]
    offsets = [np.cumsum([0] + [len(home[k]) for home in homes]).astype(np.int32) for k in (0, 1)]
    f = np.float32
    columns = AllotmentTours(
        rank=np.array([-1 if t["rank"] is None else t["rank"] for t in flat], np.int8),
        road_km=np.array([t["km"] for t in flat], f),
        depart_min=np.array([t["depart"] for t in flat], np.int16),
        return_min=np.array([t["back"] for t in flat], np.int16),
        parking_eur=np.array([t["parking"][False] for t in flat], f),
        parking_ev_eur=np.array([t["parking"][True] for t in flat], f),
    )
    garage = CarColumns(
        eur_km=np.array([c["eur_km"] for c in fleet], f),
        reach_km=np.array([c["reach_km"] for c in fleet], f),
        electric=np.array([c["electric"] for c in fleet], np.bool_),
    )
    vehicle, drive, parking = np.full(len(flat), 77, np.int32), np.full(len(flat), 7, f), np.full(len(flat), 7, f)
    allot_cars(0, len(homes), *offsets, columns, garage, vehicle, drive, parking)
    return vehicle, drive, parking, offsets


@given(households)
def test_allotment_is_that_of_the_slow_twin(homes):
    vehicle, drive, parking, (first_tour, first_car) = run(homes)
    for h, (home, garage) in enumerate(homes):
        for r, (tour, car) in enumerate(zip(home, slow.allot(home, garage), strict=True), first_tour[h]):
            assert vehicle[r] == (-1 if car is None else first_car[h] + car)
            electric = car is not None and garage[car]["electric"]
            assert parking[r] == np.float32(tour["parking"][electric])
            cost = 0.0 if car is None else tour["km"] * garage[car]["eur_km"]
            assert drive[r] == np.float32(cost)


@given(households)
def test_no_car_is_in_two_places_nor_beyond_its_reach(homes):
    vehicle, _, _, (first_tour, first_car) = run(homes)
    for h, (home, garage) in enumerate(homes):
        for c, car in enumerate(garage):
            mine = [t for t, v in zip(home, vehicle[first_tour[h] :], strict=False) if v == first_car[h] + c]
            assert sum(2 * t["km"] for t in mine) <= car["reach_km"]
            assert all(t["rank"] is not None for t in mine)
            mine.sort(key=lambda t: (t["depart"], t["back"]))
            for one, other in pairwise(mine):
                assert not (one["depart"] < other["back"] and other["depart"] < one["back"])


@given(households)
def test_households_do_not_depend_on_their_block(homes):
    together = run(homes)[0]
    offset, found = 0, []
    for home, garage in homes:
        alone = run([(home, garage)])[0]
        found += [v + offset if v >= 0 else -1 for v in alone]
        offset += len(garage)
    assert together.tolist() == found


@given(tours, cars)
def test_another_car_that_never_ends_leaves_no_driver_without_one(home, garage):
    """With as many cars without a limit as tours, everybody who can drive has one."""
    plenty = garage + [{"eur_km": 1.0, "reach_km": math.inf, "electric": False}] * len(home)
    vehicle = run([(home, plenty)])[0]
    assert all((v >= 0) == (t["rank"] is not None) for v, t in zip(vehicle, home, strict=True))


def test_of_equal_tours_the_first_gets_the_only_car():
    tour = {"rank": 2, "km": 5.0, "depart": 480, "back": 600, "parking": {False: 0.0, True: 0.0}}
    car = {"eur_km": 0.1, "reach_km": math.inf, "electric": False}
    assert run([([tour, {**tour, "depart": 500}], [car])])[0].tolist() == [0, -1]
    assert run([([tour, tour], [car, car])])[0].tolist() == [0, 1]
