"""The day of electric cars against its slow twin; energy is conserved and no battery holds more than it can."""

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import config

from tests.reference import charging as slow
from zemsim.core import randomness
from zemsim.core.names import ChargingPlace
from zemsim.core.randomness import Stream
from zemsim.kernels import charging as fast
from zemsim.kernels import charging_queues as queues

SEED, STREAM, DAY = 5, int(Stream.CHARGING), 9
P = {
    "c_home": 1.5, "c_work": 0.5, "c_slow": -0.4, "c_fast": -0.8, "b_soc": -4.0, "b_dur": 0.3,
    "value_of_time_eur_h": 6.0, "walk_multiplier": 2.0, "kwh_km": 0.21, "reserve_share": 0.1,
    "fast_until_share": 0.8, "loss_ac": 0.88, "loss_dc": 0.93, "work_eur_kwh": 0.12, "car_ac_kw": 11.0,
    "patience_min": 30.0,
}  # fmt: skip
ZONES = 4
f32 = {"width": 32}
#: Compiled code widens 32-bit numbers before it adds them, plain NumPy does not: without numba columns are wide.
F32 = np.float64 if config.DISABLE_JIT else np.float32


@st.composite
def days(draw):
    """Some cars with their tours, and stations near four zones."""
    stations = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "kw": st.sampled_from([3.75, 11.0, 22.0, 50.0, 150.0]),
                    "eur_kwh": st.floats(0, 1, **f32),
                    "wait_min": st.sampled_from([0.0, 0.0, 12.0, 45.0]),
                    "points": st.integers(1, 3),
                }
            ),
            max_size=5,
        )
    )
    near = st.lists(st.sampled_from(range(len(stations))), unique=True, max_size=3) if stations else st.just([])
    minutes = st.floats(0, 60, **f32)
    zones = {kind: [[(v, draw(minutes)) for v in draw(near)] for _ in range(ZONES)] for kind in ("slow", "fast")}
    cars = []
    for _ in range(draw(st.integers(1, 4))):
        battery = draw(st.sampled_from([24.0, 52.0, 77.0]))
        car = {
            "battery": battery,
            "home_kw": draw(st.sampled_from([0.0, 2.5, 7.5])),
            "home_eur_kwh": draw(st.floats(0, 1, **f32)),
            "weight": draw(st.floats(-1, 0, **f32)),
            "energy": draw(st.floats(0, 1)) * battery,
            "tours": [],
        }
        clock = 300
        for _ in range(draw(st.integers(1, 4))):
            depart = draw(st.integers(clock, clock + 120))
            arrive = depart + draw(st.floats(0, 90, **f32))
            leave = arrive + draw(st.sampled_from([0.0, 15.0, 240.0]))
            clock = int(leave) + draw(st.integers(1, 90))
            tour = {
                "km": draw(st.sampled_from([0.0, 1.0, 15.0, 60.0, 130.0]) | st.floats(0, 200, **f32)),
                "depart": depart,
                "arrive": float(np.float32(arrive)),
                "leave": float(np.float32(leave)),
                "back": float(clock),
                "work_kw": draw(st.sampled_from([0.0, 11.0])),
                "dest": draw(st.integers(0, ZONES - 1)),
                "home": draw(st.integers(0, ZONES - 1)),
            }
            tour |= {kind: zones[kind][tour["dest"]] for kind in ("slow", "fast")}
            tour |= {f"{kind}_at_home": zones[kind][tour["home"]] for kind in ("slow", "fast")}
            car["tours"].append(tour)
        cars.append(car)
    return cars, stations, zones


def near_arrays(lists):
    width = max(1, *(len(x) for x in lists))
    site, minutes = np.full((ZONES, width), -1, np.int32), np.full((ZONES, width), np.inf, F32)
    for z, row in enumerate(lists):
        for k, (v, extra) in enumerate(row):
            site[z, k], minutes[z, k] = v, extra
    return site, minutes


def arrays(cars, stations, zones):
    """What the kernels read."""
    flat = [(c, k, tour) for c, car in enumerate(cars) for k, tour in enumerate(car["tours"])]
    column = lambda name, dtype: np.array([tour[name] for _, _, tour in flat], dtype)  # noqa: E731
    tours = fast.ElectricTours(
        vehicle=np.array([c for c, _, _ in flat], np.int32),
        draw=np.array([k for _, k, _ in flat], np.int32),
        dest=column("dest", np.int32),
        home=column("home", np.int32),
        road_km=column("km", F32),
        depart_min=column("depart", np.int16),
        arrive_min=column("arrive", F32),
        leave_min=column("leave", F32),
        return_min=column("back", F32),
        work_kw=column("work_kw", F32),
        last=np.array([k == len(cars[c]["tours"]) - 1 for c, k, _ in flat], np.bool_),
    )
    of = lambda name: np.array([car[name] for car in cars], F32)  # noqa: E731
    fleet = fast.ElectricCars(
        vehicle_id=np.arange(70, 70 + len(cars), dtype=np.int64),
        battery_kwh=of("battery"),
        home_kw=of("home_kw"),
        home_eur_kwh=of("home_eur_kwh"),
        money_weight=of("weight"),
    )
    slow_near, slow_min = near_arrays(zones["slow"])
    fast_near, fast_min = near_arrays(zones["fast"])
    at = lambda name, dtype: np.array([s[name] for s in stations], dtype)  # noqa: E731
    sites = fast.Stations(
        points=at("points", np.int32),
        power_kw=at("kw", F32),
        price_eur_kwh=at("eur_kwh", F32),
        wait_min=at("wait_min", F32),
        slow_near=slow_near,
        slow_walk_min=slow_min,
        fast_near=fast_near,
        fast_detour_min=fast_min,
    )
    return tours, fleet, sites


def run(cars, stations, zones, occupied_until=0.0):
    """All three passes of the kernels over the day."""
    tours, fleet, sites = arrays(cars, stations, zones)
    n, p = len(tours.vehicle), fast.ChargingParameters(**P)
    slots = 2 * n
    requests = fast.Requests(
        station=np.full(slots, -1, np.int32), place=np.full(slots, -1, np.int8), arrive_min=np.zeros(slots, F32),
        until_min=np.zeros(slots, F32), kwh=np.zeros(slots), minutes=np.zeros(slots, F32),
        lost_min=np.zeros(slots, F32), forced=np.zeros(slots, np.bool_),
    )  # fmt: skip
    private = fast.PrivateSessions(np.zeros(n), np.zeros(n))
    energy, low = np.array([car["energy"] for car in cars]), np.full(len(cars), np.inf)
    first = np.cumsum([0] + [len(car["tours"]) for car in cars]).astype(np.int32)
    everyone = np.arange(len(cars), dtype=np.int32)
    errors = np.full((n, fast.N_ERRORS), np.nan)  # what is read without having been drawn would spoil the plan
    fast.draw_errors(0, n, SEED, STREAM, DAY, tours, fleet, sites, errors)
    fast.plan_day(0, len(cars), first, everyone, tours, fleet, sites, errors, p, energy, requests, private, low)
    planned = energy.copy()
    asked = np.flatnonzero(requests.station >= 0)
    order = asked[np.lexsort((tours.vehicle[asked % n], requests.arrive_min[asked], requests.station[asked]))]
    station_of, starts = np.unique(requests.station[order], return_index=True)
    wait, served, given = np.zeros(slots, F32), np.zeros(slots, np.bool_), np.full(slots, np.nan)
    kwh, first_point = np.full(slots, np.nan), np.append(0, np.cumsum(sites.points)).astype(np.int32)
    free_at = np.full(first_point[-1], occupied_until)
    queues.serve_stations(
        0, len(station_of), np.append(starts, len(order)).astype(np.int32), order.astype(np.int32),
        station_of.astype(np.int32), first_point, free_at, requests, p, wait, served, given,
    )  # fmt: skip
    queues.finish_day(tours, requests, given, fleet.battery_kwh, energy, kwh)
    return {
        "first": first, "planned": planned, "energy": energy, "low": low, "requests": requests, "private": private,
        "order": order, "wait": wait, "served": served, "given": given, "kwh": kwh, "n": n,
        "free_at": np.split(free_at, first_point[1:-1]) if stations else [],
    }  # fmt: skip


def slots_of(found, c):
    """The slots of a car: its tours, and the night."""
    mine = list(range(found["first"][c], found["first"][c + 1]))
    return [*mine, found["n"] + mine[-1]]


def gumbel_of(car):
    return lambda draw: float(randomness.gumbel(SEED, STREAM, np.array([70 + car]), draw)[0])


def check_plans(day):
    cars, stations, _ = day
    found = run(*day)
    requests, private = found["requests"], found["private"]
    for c, car in enumerate(cars):
        plan = slow.plan_day(car, car["tours"], car["energy"], stations, P, DAY, gumbel_of(c))
        energy, low, sessions, at_home, night = plan
        assert found["planned"][c] == pytest.approx(energy, abs=1e-9)
        assert found["low"][c] == pytest.approx(low, abs=1e-9)
        for r, session in zip(slots_of(found, c), [*sessions, night], strict=True):
            place = session["place"] if session else None
            public = place in ("slow", "fast")
            assert requests.station[r] == (session["site"] if public else -1)
            if r < found["n"]:
                assert private.work_kwh[r] == pytest.approx(session["kwh"] if place == "work" else 0.0, abs=1e-9)
            if public:
                assert requests.place[r] == slow.PLACES[place] == int(ChargingPlace[f"PUBLIC_{place.upper()}"])
                assert requests.kwh[r] == pytest.approx(session["kwh"], abs=1e-9)
                assert requests.minutes[r] == pytest.approx(session["minutes"], rel=1e-6)
                assert requests.lost_min[r] == pytest.approx(session["lost"], rel=1e-6)
                assert requests.arrive_min[r] == np.float32(session["at"])
                assert requests.until_min[r] == np.float32(session["until"])
                assert requests.forced[r] == session["forced"]
        assert private.home_kwh[found["first"][c + 1] - 1] == pytest.approx(at_home, abs=1e-9)


def check_queues(day, occupied_until):
    cars, stations, _ = day
    found = run(*day, occupied_until)
    r, order = found["requests"], found["order"]
    for v, station in enumerate(stations):
        mine = [e for e in order if r.station[e] == v]
        asked = [
            {"at": float(r.arrive_min[e]), "until": float(r.until_min[e]), "kwh": r.kwh[e],
             "minutes": float(r.minutes[e]), "forced": bool(r.forced[e])}
            for e in mine
        ]  # fmt: skip
        free_at = [occupied_until] * station["points"]
        given_out = slow.serve(asked, station["points"], P["patience_min"], free_at)
        for e, (wait, served, kwh) in zip(mine, given_out, strict=True):
            assert found["wait"][e] == F32(wait)
            assert found["served"][e] == served
            assert found["given"][e] == pytest.approx(kwh, abs=1e-9)
        assert found["free_at"][v] == pytest.approx(free_at)
    names = {slow.PLACES[name]: name for name in ("slow", "fast")}
    for c, car in enumerate(cars):
        mine = slots_of(found, c)
        sessions = [
            {"place": names[int(r.place[e])], "kwh": r.kwh[e], "forced": r.forced[e]} if r.station[e] >= 0 else None
            for e in mine
        ]
        energy, kwh = slow.finish_day(found["planned"][c], car["battery"], sessions, found["given"][mine])
        assert found["energy"][c] == pytest.approx(energy, abs=1e-9)
        assert found["kwh"][mine] == pytest.approx(kwh, abs=1e-9)


@given(days())
def test_plans_are_those_of_the_slow_twin(day):
    check_plans(day)


@given(days(), st.sampled_from([0.0, 500.0, 900.0]))
def test_queues_and_batteries_are_those_of_the_slow_twin(day, occupied_until):
    check_queues(day, occupied_until)


def town(seed):
    """A day of 150 cars on which much happens: sites near every zone, batteries half empty, long and short stays."""
    luck = random.Random(seed)
    near = lambda: [(v, float(luck.randint(0, 12))) for v in luck.sample(range(6), luck.randint(0, 3))]  # noqa: E731
    stations = [
        {"kw": kw, "eur_kwh": luck.randint(1, 9) / 16.0, "wait_min": luck.choice([0.0, 0.0, 10.0]), "points": 2}
        for kw in (3.75, 11.0, 22.0, 50.0, 50.0, 150.0)
    ]
    zones = {kind: [near() for _ in range(ZONES)] for kind in ("slow", "fast")}
    cars = []
    for _ in range(150):
        battery, clock, tours = luck.choice([24.0, 52.0]), 300, []
        for _ in range(luck.randint(1, 4)):
            depart = clock + luck.randint(0, 90)
            arrive = depart + luck.choice([10, 45])
            leave = arrive + luck.choice([0, 5, 60, 240])
            clock = leave + 45
            home, dest = luck.randrange(ZONES), luck.randrange(ZONES)
            tour = {
                "km": luck.choice([1.0, 8.0, 30.0, 60.0]), "depart": depart, "arrive": float(arrive),
                "leave": float(leave), "back": float(clock), "work_kw": luck.choice([0.0, 0.0, 0.75, 11.0]),
                "dest": dest, "home": home,
            }  # fmt: skip
            tour |= {kind: zones[kind][dest] for kind in ("slow", "fast")}
            tour |= {f"{kind}_at_home": zones[kind][home] for kind in ("slow", "fast")}
            tours.append(tour)
        energy, weight = battery * luck.uniform(0.05, 1.0), luck.choice([-0.5, -0.125])
        home_kw = luck.choice([0.0, 0.0, 2.5, 7.5])
        car = {"battery": battery, "home_kw": home_kw, "home_eur_kwh": 0.25, "weight": weight, "energy": energy}
        cars.append(car | {"tours": tours})
    return cars, stations, zones


@pytest.mark.parametrize("seed", range(8))
def test_the_day_of_a_town_is_that_of_the_slow_twin(seed):
    day = town(seed)
    check_plans(day)
    check_queues(day, 480.0)
    requests, served = (run(*day, 480.0)[name] for name in ("requests", "served"))
    assert 0 < served.sum() < (requests.station >= 0).sum()  # some are turned away


@given(days())
def test_energy_is_conserved_and_no_battery_overflows(day):
    cars, _, _ = day
    found = run(*day)
    for c, car in enumerate(cars):
        mine, night = slice(found["first"][c], found["first"][c + 1]), slots_of(found, c)
        driven = sum(2 * np.float64(np.float32(tour["km"])) * P["kwh_km"] for tour in car["tours"])
        charged = (
            found["kwh"][night].sum() + found["private"].home_kwh[mine].sum() + found["private"].work_kwh[mine].sum()
        )
        assert found["energy"][c] - car["energy"] == pytest.approx(charged - driven, abs=1e-9)
        assert found["energy"][c] <= car["battery"] + 1e-9
        assert (found["kwh"][night] >= 0).all()
        assert not (found["served"][night] & (found["requests"].station[night] < 0)).any()
        if car["home_kw"] > 0:
            assert found["requests"].station[night[-1]] == -1


@given(
    st.lists(st.tuples(st.floats(0, 1440, **f32), st.floats(0, 300, **f32), st.booleans()), max_size=30),
    st.integers(1, 4),
)
@example([], 1)
def test_no_more_cars_charge_at_once_than_there_are_points(asked, points):
    asked = sorted(asked, key=lambda request: request[0])
    requests = [
        {"at": at, "until": at + 200.0, "minutes": minutes, "kwh": 10.0, "forced": forced}
        for at, minutes, forced in asked
    ]
    found = slow.serve(requests, points, P["patience_min"])
    ends = [min(r["at"] + wait + r["minutes"], r["until"]) for r, (wait, _, _) in zip(requests, found, strict=True)]
    events = [
        (at, change)
        for r, (wait, served, _), end in zip(requests, found, ends, strict=True)
        if served and end > r["at"] + wait
        for at, change in ((r["at"] + wait, 1), (end, -1))
    ]
    busy = peak = 0
    for _, change in sorted(events):
        busy += change
        peak = max(peak, busy)
    assert peak <= points
    assert all(served or wait > P["patience_min"] for wait, served, _ in found)
    assert all(served for (_, _, forced), (_, served, _) in zip(asked, found, strict=True) if forced)


def test_a_price_that_rises_sends_drivers_elsewhere_and_none_there():
    """Two hundred drivers at a slow site: dearer energy loses sessions, and none is won."""
    tour = {
        "km": 5.0, "depart": 480, "arrive": 500.0, "leave": 800.0, "back": 830.0, "work_kw": 0.0, "dest": 0,
        "home": 1,
    }  # fmt: skip
    car = {"battery": 52.0, "home_kw": 0.0, "home_eur_kwh": 0.2, "weight": -0.3, "energy": 20.0}
    cars = [car | {"tours": [tour]} for _ in range(200)]
    zones = {"slow": [[(0, 2.0)], [], [], []], "fast": [[], [], [], []]}
    took = []
    for price in (0.0, 0.1):
        stations = [{"kw": 22.0, "eur_kwh": price, "wait_min": 0.0, "points": 400}]
        took.append(run(cars, stations, zones)["requests"].station >= 0)
    assert 0 < took[1].sum() < took[0].sum() < 200
    assert not (took[1] & ~took[0]).any()


def test_a_wait_shortens_a_slow_charge_and_not_the_stay():
    """Two cars, one point, both there from 500 to 800: the second begins when the first ends, and leaves with less."""
    tour = {
        "km": 5.0, "depart": 480, "arrive": 500.0, "leave": 800.0, "back": 830.0, "work_kw": 0.0, "dest": 0,
        "home": 1,
    }  # fmt: skip
    found = slow.serve(
        [
            {"at": 500.0, "until": 800.0, "minutes": 20.0, "kwh": 4.0, "forced": False},
            {"at": 500.0, "until": 800.0, "minutes": 300.0, "kwh": 60.0, "forced": False},
        ],
        1,
        30.0,
    )
    assert found == [(0.0, True, 4.0), (20.0, True, pytest.approx(56.0))]
    car = {"battery": 77.0, "home_kw": 0.0, "home_eur_kwh": 0.2, "weight": 0.0, "energy": 40.0, "tours": [tour]}
    zones = {"slow": [[(0, 0.0)], [], [], []], "fast": [[], [], [], []]}
    stations = [{"kw": 3.75, "eur_kwh": 0.0, "wait_min": 0.0, "points": 1}]
    free, taken = (run([car] * 30, stations, zones, until) for until in (0.0, 515.0))
    first = free["order"][0]
    assert free["given"][first] == pytest.approx(free["requests"].kwh[first])
    assert taken["given"][first] == pytest.approx(free["given"][first] * 285.0 / 300.0)
    assert taken["free_at"][0] == [800.0]


def test_without_a_plug_some_charge_near_home_overnight_and_the_point_stays_taken_past_midnight():
    """Returns at 23:20 with 12 kWh of 52; a point of 11 kW near home is still taken at midnight."""
    tour = {
        "km": 5.0, "depart": 480, "arrive": 500.0, "leave": 1380.0, "back": 1400.0, "work_kw": 0.0, "dest": 1,
        "home": 0,
    }  # fmt: skip
    car = {"battery": 52.0, "home_kw": 0.0, "home_eur_kwh": 0.2, "weight": -0.1, "energy": 14.0, "tours": [tour]}
    zones = {"slow": [[(0, 2.0)], [], [], []], "fast": [[], [], [], []]}
    stations = [{"kw": 11.0, "eur_kwh": 0.1, "wait_min": 0.0, "points": 1}]
    found = run([car] * 40, stations, zones)
    nights = found["requests"].station[found["n"] :] == 0
    assert 0 < nights.sum() < 40
    assert found["served"].sum() == 1
    assert 1440.0 < found["free_at"][0][0] <= 1800.0
    with_plug = run([car | {"home_kw": 3.7}] * 40, stations, zones)
    assert (with_plug["requests"].station == -1).all()
    assert (with_plug["private"].home_kwh > 0).any()
