"""The day of electric cars against its slow twin; energy is conserved and no battery holds more than it can."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.reference import charging as slow
from zemsim.core import randomness
from zemsim.core.names import ChargingPlace
from zemsim.core.randomness import Stream
from zemsim.kernels import charging as fast

SEED, STREAM, DAY = 5, int(Stream.CHARGING), 9
P = {
    "c_home": 1.5, "c_work": 0.5, "c_slow": -0.4, "c_fast": -0.8, "b_soc": -4.0, "b_dur": 0.3,
    "value_of_time_eur_h": 6.0, "walk_multiplier": 2.0, "kwh_km": 0.21, "reserve_share": 0.1,
    "fast_until_share": 0.8, "loss_ac": 0.88, "loss_dc": 0.93, "work_eur_kwh": 0.12, "car_ac_kw": 11.0,
    "patience_min": 30.0,
}  # fmt: skip
ZONES = 4
f32 = {"width": 32}


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
            "work_kw": draw(st.sampled_from([0.0, 11.0])),
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
                "at_work": draw(st.booleans()),
                "dest": draw(st.integers(0, ZONES - 1)),
                "home": draw(st.integers(0, ZONES - 1)),
            }
            tour |= {kind: zones[kind][tour["dest"]] for kind in ("slow", "fast")}
            car["tours"].append(tour | {"fast_at_home": zones["fast"][tour["home"]]})
        cars.append(car)
    return cars, stations, zones


def near_arrays(lists):
    width = max(1, *(len(x) for x in lists))
    site, minutes = np.full((ZONES, width), -1, np.int32), np.full((ZONES, width), np.inf, np.float32)
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
        road_km=column("km", np.float32),
        depart_min=column("depart", np.int16),
        arrive_min=column("arrive", np.float32),
        leave_min=column("leave", np.float32),
        return_min=column("back", np.float32),
        at_work=column("at_work", np.bool_),
        last=np.array([k == len(cars[c]["tours"]) - 1 for c, k, _ in flat], np.bool_),
    )
    of = lambda name: np.array([car[name] for car in cars], np.float32)  # noqa: E731
    fleet = fast.ElectricCars(
        vehicle_id=np.arange(70, 70 + len(cars), dtype=np.int64),
        battery_kwh=of("battery"),
        home_kw=of("home_kw"),
        home_eur_kwh=of("home_eur_kwh"),
        work_kw=of("work_kw"),
        money_weight=of("weight"),
    )
    slow_near, slow_min = near_arrays(zones["slow"])
    fast_near, fast_min = near_arrays(zones["fast"])
    at = lambda name, dtype: np.array([s[name] for s in stations], dtype)  # noqa: E731
    sites = fast.Stations(
        points=at("points", np.int32),
        power_kw=at("kw", np.float32),
        price_eur_kwh=at("eur_kwh", np.float32),
        wait_min=at("wait_min", np.float32),
        slow_near=slow_near,
        slow_walk_min=slow_min,
        fast_near=fast_near,
        fast_detour_min=fast_min,
    )
    return tours, fleet, sites


def run(cars, stations, zones):
    """All three passes of the kernels over the day."""
    tours, fleet, sites = arrays(cars, stations, zones)
    n, p = len(tours.vehicle), fast.ChargingParameters(**P)
    requests = fast.Requests(
        station=np.full(n, -1, np.int32), place=np.full(n, -1, np.int8), arrive_min=np.zeros(n, np.float32),
        kwh=np.zeros(n), minutes=np.zeros(n, np.float32), forced=np.zeros(n, np.bool_),
    )  # fmt: skip
    private = fast.PrivateSessions(np.zeros(n), np.zeros(n))
    energy, low = np.array([car["energy"] for car in cars]), np.full(len(cars), np.inf)
    first = np.cumsum([0] + [len(car["tours"]) for car in cars]).astype(np.int32)
    everyone = np.arange(len(cars), dtype=np.int32)
    fast.plan_day(
        0, len(cars), first, everyone, SEED, STREAM, DAY, tours, fleet, sites, p, energy, requests, private, low
    )
    planned = energy.copy()
    asked = np.flatnonzero(requests.station >= 0)
    order = asked[np.lexsort((tours.vehicle[asked], requests.arrive_min[asked], requests.station[asked]))]
    station_of, starts = np.unique(requests.station[order], return_index=True)
    wait, served, kwh = np.zeros(n, np.float32), np.zeros(n, np.bool_), np.zeros(n)
    fast.serve_stations(
        0, len(station_of), np.append(starts, len(order)).astype(np.int32), order.astype(np.int32),
        station_of.astype(np.int32), sites.points, requests, p, wait, served,
    )  # fmt: skip
    fast.finish_day(tours, requests, served, fleet.battery_kwh, energy, kwh)
    return {
        "first": first, "planned": planned, "energy": energy, "low": low, "requests": requests, "private": private,
        "order": order, "wait": wait, "served": served, "kwh": kwh,
    }  # fmt: skip


def gumbel_of(car):
    return lambda draw: float(randomness.gumbel(SEED, STREAM, np.array([70 + car]), draw)[0])


@given(days())
def test_plans_are_those_of_the_slow_twin(day):
    cars, stations, _ = day
    found = run(*day)
    requests, private = found["requests"], found["private"]
    for c, car in enumerate(cars):
        energy, low, sessions, night = slow.plan_day(car, car["tours"], car["energy"], stations, P, DAY, gumbel_of(c))
        assert found["planned"][c] == pytest.approx(energy, abs=1e-9)
        assert found["low"][c] == pytest.approx(low, abs=1e-9)
        for e, session in enumerate(sessions, found["first"][c]):
            place = session["place"] if session else None
            public = place in ("slow", "fast")
            assert requests.station[e] == (session["site"] if public else -1)
            assert private.work_kwh[e] == pytest.approx(session["kwh"] if place == "work" else 0.0, abs=1e-9)
            if public:
                assert requests.place[e] == slow.PLACES[place] == int(ChargingPlace[f"PUBLIC_{place.upper()}"])
                assert requests.kwh[e] == pytest.approx(session["kwh"], abs=1e-9)
                assert requests.minutes[e] == pytest.approx(session["minutes"], rel=1e-6)
                assert requests.arrive_min[e] == np.float32(session["at"])
                assert requests.forced[e] == session["forced"]
        assert private.home_kwh[found["first"][c + 1] - 1] == pytest.approx(night, abs=1e-9)


@given(days())
def test_queues_and_batteries_are_those_of_the_slow_twin(day):
    cars, stations, _ = day
    found = run(*day)
    r, order = found["requests"], found["order"]
    for v, station in enumerate(stations):
        mine = [e for e in order if r.station[e] == v]
        asked = [(float(r.arrive_min[e]), float(r.minutes[e]), bool(r.forced[e])) for e in mine]
        for e, (wait, served) in zip(mine, slow.serve(asked, station["points"], P["patience_min"]), strict=True):
            assert found["wait"][e] == np.float32(wait)
            assert found["served"][e] == served
    names = {slow.PLACES[name]: name for name in ("slow", "fast")}
    for c, car in enumerate(cars):
        mine = range(found["first"][c], found["first"][c + 1])
        sessions = [
            {"place": names[int(r.place[e])], "kwh": r.kwh[e], "forced": r.forced[e]} if r.station[e] >= 0 else None
            for e in mine
        ]
        energy, kwh = slow.finish_day(found["planned"][c], car["battery"], sessions, found["served"][list(mine)])
        assert found["energy"][c] == pytest.approx(energy, abs=1e-9)
        assert found["kwh"][list(mine)] == pytest.approx(kwh, abs=1e-9)


@given(days())
def test_energy_is_conserved_and_no_battery_overflows(day):
    cars, _, _ = day
    found = run(*day)
    for c, car in enumerate(cars):
        mine = slice(found["first"][c], found["first"][c + 1])
        driven = sum(2 * np.float64(np.float32(tour["km"])) * P["kwh_km"] for tour in car["tours"])
        charged = (
            found["kwh"][mine].sum() + found["private"].home_kwh[mine].sum() + found["private"].work_kwh[mine].sum()
        )
        assert found["energy"][c] - car["energy"] == pytest.approx(charged - driven, abs=1e-9)
        assert found["energy"][c] <= car["battery"] + 1e-9
        assert (found["kwh"][mine] >= 0).all()
        assert not (found["served"][mine] & (found["requests"].station[mine] < 0)).any()


@given(
    st.lists(st.tuples(st.floats(0, 1440, **f32), st.floats(0, 300, **f32), st.booleans()), max_size=30),
    st.integers(1, 4),
)
@example([], 1)
def test_no_more_cars_charge_at_once_than_there_are_points(asked, points):
    asked = sorted(asked, key=lambda request: request[0])
    found = slow.serve(asked, points, P["patience_min"])
    events = [
        (at, change)
        for (arrival, minutes, _), (wait, served) in zip(asked, found, strict=True)
        if served and minutes > 0
        for at, change in ((arrival + wait, 1), (arrival + wait + minutes, -1))
    ]
    busy = peak = 0
    for _, change in sorted(events):
        busy += change
        peak = max(peak, busy)
    assert peak <= points
    assert all(served or wait > P["patience_min"] for wait, served in found)
    assert all(served for (_, _, forced), (_, served) in zip(asked, found, strict=True) if forced)


def test_a_price_that_rises_sends_drivers_elsewhere_and_none_there():
    """Two hundred drivers at a slow site: dearer energy loses sessions, and none is won."""
    tour = {
        "km": 5.0, "depart": 480, "arrive": 500.0, "leave": 800.0, "back": 830.0, "at_work": False, "dest": 0,
        "home": 1,
    }  # fmt: skip
    car = {"battery": 52.0, "home_kw": 0.0, "home_eur_kwh": 0.2, "work_kw": 0.0, "weight": -0.3, "energy": 20.0}
    cars = [car | {"tours": [tour]} for _ in range(200)]
    zones = {"slow": [[(0, 2.0)], [], [], []], "fast": [[], [], [], []]}
    took = []
    for price in (0.0, 0.1):
        stations = [{"kw": 22.0, "eur_kwh": price, "wait_min": 0.0, "points": 400}]
        took.append(run(cars, stations, zones)["requests"].station >= 0)
    assert 0 < took[1].sum() < took[0].sum() < 200
    assert not (took[1] & ~took[0]).any()
