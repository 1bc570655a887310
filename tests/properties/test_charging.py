"""The day of electric cars against its slow twin; energy and money are conserved, and no car charges while it moves."""

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numba import config

from tests.reference import charging as slow
from zemsim.core import randomness
from zemsim.core.names import ChargingPlace
from zemsim.core.randomness import Stream
from zemsim.kernels import charging as fast
from zemsim.kernels import charging_day as days_kernel
from zemsim.kernels import charging_hours, charging_queues, charging_tables, charging_tariffs
from zemsim.kernels.agenda import Agenda, put

SEED, STREAM, DAY = 5, int(Stream.CHARGING), 9
P = {
    "c_home": 1.5, "c_work": 0.5, "c_slow": -0.4, "c_fast": -0.8, "b_soc": -4.0, "b_dur": 0.3,
    "value_of_time_eur_h": 6.0, "walk_multiplier": 2.0, "kwh_km": 0.21, "reserve_share": 0.1,
    "fast_until_share": 0.8, "loss_ac": 0.88, "loss_dc": 0.93, "work_eur_kwh": 0.12, "car_ac_kw": 11.0,
    "car_dc_kw": 80.0, "fast_power_share": 0.6, "patience_min": 30.0, "retries": 1.0,
}  # fmt: skip
ZONES = 4
f32 = {"width": 32}
#: Compiled code widens 32-bit numbers before it adds them, plain NumPy does not: without numba columns are wide.
F32 = np.float64 if config.DISABLE_JIT else np.float32
FLAT = [1.0] * 24
#: Cheap at night, from 22 to 6, and dear in the evening.
HOURS = [0.5] * 6 + [1.0] * 11 + [1.5] * 5 + [0.5] * 2


@st.composite
def days(draw):
    """Some cars with their tours, and stations near four zones."""
    stations = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "kw": st.sampled_from([3.75, 11.0, 22.0, 50.0, 150.0]),
                    "site_kw": st.sampled_from([math.inf, math.inf, 5.0, 30.0]),
                    "eur_kwh": st.floats(0, 1),
                    "hours": st.sampled_from([FLAT, HOURS]),
                    "eur_min": st.sampled_from([0.0, 0.0, 0.125]),
                    "eur_session": st.sampled_from([0.0, 0.0, 1.0]),
                    "resident_share": st.sampled_from([1.0, 0.75]),
                    "place": st.integers(-1, 1),
                    "wait_min": st.sampled_from([0.0, 0.0, 12.0, 45.0]),
                    "points": st.integers(1, 3),
                }
            ),
            max_size=5,
        )
    )
    for station in stations:
        station["prices"] = [station["eur_kwh"] * factor for factor in station["hours"]]
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
            "tariff": draw(st.sampled_from([0, 1])),
            "delays": draw(st.booleans()),
            "place": draw(st.integers(-1, 1)),
            "leaves": 1440.0 + draw(st.sampled_from([300.0, 420.0, 1440.0])),
            "ready": draw(st.sampled_from([0.0, 0.0, 330.0])),
            "weight": draw(st.floats(-1, 0, **f32)),
            "energy": draw(st.floats(0, 1)) * battery,
            "tours": [],
        }
        car["home_hours"] = [HOURS, FLAT][car["tariff"]]
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


def sums(hours):
    return np.append(0.0, np.cumsum(hours))


def arrays(cars, stations, zones):
    """What the kernels read."""
    flat = [(c, k, tour) for c, car in enumerate(cars) for k, tour in enumerate(car["tours"])]
    column = lambda name, dtype: np.array([tour[name] for _, _, tour in flat], dtype)  # noqa: E731
    tours = charging_tables.ElectricTours(
        vehicle=np.array([c for c, _, _ in flat], np.int32),
        draw=np.array([k for _, k, _ in flat], np.int32),
        dest=column("dest", np.int32),
        home=column("home", np.int32),
        road_km=column("km", F32),
        depart_min=column("depart", np.float64),
        arrive_min=column("arrive", np.float64),
        leave_min=column("leave", np.float64),
        return_min=column("back", np.float64),
        work_kw=column("work_kw", F32),
        last=np.array([k == len(cars[c]["tours"]) - 1 for c, k, _ in flat], np.bool_),
    )
    of = lambda name, dtype=F32: np.array([car[name] for car in cars], dtype)  # noqa: E731
    fleet = charging_tables.ElectricCars(
        vehicle_id=np.arange(70, 70 + len(cars), dtype=np.int64),
        battery_kwh=of("battery"),
        home_kw=of("home_kw"),
        home_eur_kwh=of("home_eur_kwh"),
        home_tariff=of("tariff", np.int8),
        home_hours=np.array([sums(HOURS), sums(FLAT)]),
        delays=of("delays", np.bool_),
        place=of("place", np.int32),
        money_weight=of("weight"),
    )
    slow_near, slow_min = near_arrays(zones["slow"])
    fast_near, fast_min = near_arrays(zones["fast"])
    at = lambda name, dtype=np.float64: np.array([s[name] for s in stations], dtype)  # noqa: E731
    sites = charging_tables.Stations(
        points=at("points", np.int32),
        power_kw=at("kw", F32),
        site_kw=at("site_kw", F32),
        hour_sums=np.array([sums(s["prices"]) for s in stations]).reshape(-1, 25),
        eur_min=at("eur_min"),
        eur_session=at("eur_session"),
        resident_share=at("resident_share"),
        place=at("place", np.int32),
        wait_min=at("wait_min", F32),
        slow_near=slow_near,
        slow_walk_min=slow_min,
        fast_near=fast_near,
        fast_detour_min=fast_min,
    )
    return tours, fleet, sites


def run(cars, stations, zones, occupied_until=0.0):
    """All three passes of the kernels over the day; every point is taken at 1 kW until a minute, or none."""
    tours, fleet, sites = arrays(cars, stations, zones)
    n, p = len(tours.vehicle), charging_tables.ChargingParameters(**P)
    requests = charging_tables.no_requests(2 * n)
    private = charging_tables.PrivatePlans(np.zeros(n, np.bool_), np.zeros(n, np.bool_))
    energy, low = np.array([car["energy"] for car in cars]), np.full(len(cars), np.inf)
    leaves, ready = (np.array([car[name] for car in cars]) for name in ("leaves", "ready"))
    first = np.cumsum([0] + [len(car["tours"]) for car in cars]).astype(np.int32)
    everyone = np.arange(len(cars), dtype=np.int32)
    errors = np.full((n, fast.N_ERRORS), np.nan)  # what is read without having been drawn would spoil the plan
    fast.draw_errors(0, n, SEED, STREAM, DAY, tours, fleet, sites, errors)
    fast.plan_day(0, len(cars), first, everyone, leaves, energy, tours, fleet, sites, errors, p, requests, private)
    points = charging_tables.free_points(sites.points)
    points.end_min[:] = occupied_until
    held = np.full(len(points.slot), 1.0 if np.any(occupied_until) else 99.0)  # of free points nobody reads it
    day = charging_tables.served_day(first, tours, fleet, requests, sites, p, points)
    charging_queues.begin_day(day, ready, held)
    charging_queues.serve_day(day, held)
    sessions, driven = charging_tables.no_sessions(4 * n), np.zeros(len(cars))
    days_kernel.settle_day(
        0, len(cars), first, everyone, leaves, tours, fleet, fleet, sites, sites, p, requests, private, day.visits,
        day.times, energy, low, driven, sessions,
    )  # fmt: skip
    return {
        "first": first, "energy": energy, "low": low, "requests": requests, "private": private, "driven": driven,
        "visits": day.visits, "times": day.times, "sites": day.sites, "sessions": sessions, "n": n, "points": points,
        "held": held, "fleet": fleet, "stations": sites,
    }  # fmt: skip


def slots_of(found, c):
    """The slots of a car: its tours, and the night."""
    mine = list(range(found["first"][c], found["first"][c + 1]))
    return [*mine, found["n"] + mine[-1]]


def gumbel_of(car):
    return lambda draw: float(randomness.gumbel(SEED, STREAM, np.array([70 + car]), draw)[0])


def plans_of(cars, stations, zones):
    return [slow.plan_day(car, stations, zones, P, DAY, gumbel_of(c)) for c, car in enumerate(cars)]


def check_plans(day):
    cars, stations, zones = day
    found = run(*day)
    requests, private = found["requests"], found["private"]
    for c, (sessions, at_home, night) in enumerate(plans_of(cars, stations, zones)):
        for r, session in zip(slots_of(found, c), [*sessions, night], strict=True):
            place = session["place"] if session else None
            public = place in ("slow", "fast")
            assert requests.station[r] == (session["site"] if public else -1)
            if r < found["n"]:
                assert private.work[r] == (place == "work")
            if public:
                assert requests.place[r] == slow.PLACES[place] == int(ChargingPlace[f"PUBLIC_{place.upper()}"])
                assert requests.moment[r] == slow.MOMENTS[session["moment"]]
                assert requests.zone[r] == session["zone"]
                assert requests.kwh[r] == pytest.approx(session["kwh"], abs=1e-9)
                assert requests.kw[r] == pytest.approx(session["kw"], rel=1e-6)
                assert requests.way_min[r] == pytest.approx(session["way"], rel=1e-6)
                assert requests.until_min[r] == session["until"]
                assert requests.forced[r] == session["forced"]
        assert private.home[found["first"][c + 1] - 1] == at_home


def check_day(day, occupied_until, tolerance=1e-6):
    """Queues, times, batteries of the kernels are those of the twin."""
    cars, stations, zones = day
    found = run(*day, occupied_until)
    plans = plans_of(cars, stations, zones)
    taken = [[(occupied_until, 1.0)] * s["points"] if occupied_until > 0 else [] for s in stations]
    sites = slow.serve_day(cars, plans, stations, zones, P, taken)
    visits, times = found["visits"], found["times"]
    for c, (car, plan) in enumerate(zip(cars, plans, strict=True)):
        for r, s in zip(slots_of(found, c), [*plan[0], plan[2]], strict=True):
            if not s or s["place"] == "work":
                assert visits.station[r] == -1
                continue
            assert (visits.station[r], visits.served[r], visits.left[r]) == (s["at"], s["served"], s["left"])
            assert visits.wait_min[r] == pytest.approx(s["wait"], abs=tolerance)
            assert visits.way_min[r] == pytest.approx(s["ways"], abs=tolerance)
            if s["served"]:
                assert visits.begin_min[r] == pytest.approx(s["begin"], abs=tolerance)
                assert visits.end_min[r] == pytest.approx(s["end"], abs=tolerance)
                assert visits.kwh[r] == pytest.approx(s["gave"], abs=tolerance)
        for e, tour in zip(range(found["first"][c], found["first"][c + 1]), car["tours"], strict=True):
            of_kernel = (times.depart_min[e], times.arrive_min[e], times.leave_min[e], times.return_min[e])
            of_twin = (tour["departed"], tour["arrived"], tour["left"], tour["returned"])
            assert of_kernel == pytest.approx(of_twin, abs=tolerance)
        energy, low, sessions = slow.settle_day(car, plan, P)
        assert found["energy"][c] == pytest.approx(energy, abs=tolerance)
        assert found["low"][c] == pytest.approx(low, abs=tolerance)
        check_sessions(found, c, car, sessions, stations)
    for v, site in enumerate(sites):
        assert found["sites"].peak_kw[v] == pytest.approx(site.peak, abs=1e-4)


def check_sessions(found, c, car, sessions, stations):
    """kWh, minutes and EUR of a car's sessions."""
    n, written = found["n"], found["sessions"]
    slots = [s for e in range(found["first"][c], found["first"][c + 1]) for s in (e, n + e, 2 * n + e, 3 * n + e)]
    mine = sorted((written.begin_min[s], written.end_min[s], written.kwh[s], written.eur[s], written.grid_kwh[s])
                  for s in slots if written.kwh[s] > 0)  # fmt: skip
    want = []
    for place, begin, end, kwh, site in sessions:
        grid = kwh / P["loss_dc" if place == "fast" else "loss_ac"]
        if place == "work":
            eur = grid * P["work_eur_kwh"]
        elif place == "home":
            eur = grid * car["home_eur_kwh"] * slow.mean_price(car["home_hours"], begin, end - begin)
        else:
            eur = slow.public_eur(stations[site], car["place"], begin, end - begin, grid)
        if kwh > 0:
            want.append((begin, end, kwh, eur, grid))
    assert np.array(mine).ravel() == pytest.approx(np.array(sorted(want)).ravel(), abs=1e-5)


def test_at_first_nothing_is_asked_for_and_every_site_has_a_free_point():
    requests, points = charging_tables.no_requests(2), charging_tables.free_points(np.array([0, 3, 1]))
    assert requests.station.tolist() == requests.place.tolist() == [-1, -1]
    assert points.first.tolist() == [0, 1, 4, 5]
    assert points.slot.tolist() == [-1] * 5


@given(days())
def test_plans_are_those_of_the_slow_twin(day):
    check_plans(day)


@given(days(), st.sampled_from([0.0, 500.0, 900.0]))
def test_queues_and_batteries_are_those_of_the_slow_twin(day, occupied_until):
    check_day(day, occupied_until)


def town(seed, site_kw=math.inf):
    """A day of 150 cars on which much happens: sites near every zone, batteries half empty, long and short stays."""
    luck = random.Random(seed)
    near = lambda: [(v, float(luck.randint(0, 12))) for v in luck.sample(range(6), luck.randint(0, 3))]  # noqa: E731
    stations = [
        {"kw": kw, "site_kw": site_kw, "prices": [luck.randint(1, 9) / 16.0] * 12 + [0.25] * 12, "points": 2,
         "eur_min": 0.0, "eur_session": 0.5, "resident_share": 0.75, "place": 1, "wait_min": luck.choice([0.0, 10.0])}
        for kw in (3.75, 11.0, 22.0, 50.0, 50.0, 150.0)
    ]  # fmt: skip
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
            tours.append({
                "km": luck.choice([1.0, 8.0, 30.0, 60.0]), "depart": depart, "arrive": float(arrive),
                "leave": float(leave), "back": float(clock), "work_kw": luck.choice([0.0, 0.0, 0.75, 11.0]),
                "dest": dest, "home": home,
            })  # fmt: skip
        tariff = luck.choice([0, 1])
        cars.append({
            "battery": battery, "home_kw": luck.choice([0.0, 0.0, 2.5, 7.5]), "home_eur_kwh": 0.25, "tariff": tariff,
            "delays": luck.random() < 0.5, "place": luck.choice([-1, 0, 1]), "leaves": 1440.0 + 330.0, "ready": 0.0,
            "weight": luck.choice([-0.5, -0.125]), "energy": battery * luck.uniform(0.05, 1.0), "tours": tours,
            "home_hours": [HOURS, FLAT][tariff],
        })  # fmt: skip
    return cars, stations, zones


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("site_kw", [math.inf, 20.0])
def test_the_day_of_a_town_is_that_of_the_slow_twin(seed, site_kw):
    day = town(seed, site_kw)
    check_plans(day)
    check_day(day, 480.0)
    found = run(*day, 480.0)
    requests, visits = found["requests"], found["visits"]
    assert 0 < visits.served.sum() < (requests.station >= 0).sum()  # some are turned away
    assert (visits.served & (visits.left > 0)).any()  # and some found another site


@given(days(), st.sampled_from([0.0, 500.0]))
def test_energy_and_money_are_conserved_and_no_battery_overflows(day, occupied_until):
    """Grid = battery / efficiency; start + charged - driven = end; paid = tariff x quantity: to 1e-9."""
    cars, stations, _ = day
    found = run(*day, occupied_until)
    s, n, visits = found["sessions"], found["n"], found["visits"]
    fast_slot = np.append(found["requests"].place == ChargingPlace.PUBLIC_FAST, np.zeros(2 * n, np.bool_))
    assert s.grid_kwh * np.where(fast_slot, P["loss_dc"], P["loss_ac"]) == pytest.approx(s.kwh, abs=1e-9)
    for c, car in enumerate(cars):
        mine = [e + k * n for e in range(found["first"][c], found["first"][c + 1]) for k in range(4)]
        driven = sum(2 * np.float64(F32(tour["km"])) * P["kwh_km"] for tour in car["tours"])
        assert found["driven"][c] == pytest.approx(driven, abs=1e-9)
        assert found["energy"][c] - car["energy"] == pytest.approx(s.kwh[mine].sum() - driven, abs=1e-9)
        assert found["energy"][c] <= car["battery"] + 1e-9
        if car["home_kw"] > 0:
            assert found["requests"].station[slots_of(found, c)[-1]] == -1
    assert (s.kwh >= 0).all()
    assert not (visits.served & (visits.station < 0)).any()
    came = np.flatnonzero(found["requests"].station >= 0)
    assert found["sites"].asked.sum() == found["sites"].left.sum() + visits.served.sum()
    assert found["sites"].left.sum() == visits.left.sum()
    assert found["sites"].asked.sum() >= len(came)
    assert found["sites"].met_min.sum() == pytest.approx(visits.wait_min.sum(), abs=1e-6)
    for v, site in enumerate(stations):
        here = np.flatnonzero(visits.served & (visits.station == v))
        due = 0.0
        for r in here:
            c = np.searchsorted(found["first"], r % n, "right") - 1
            due += slow.public_eur(site, cars[c]["place"], s.begin_min[r], s.end_min[r] - s.begin_min[r], s.grid_kwh[r])
        assert s.eur[here].sum() == pytest.approx(due, abs=1e-9)


@given(days(), st.sampled_from([0.0, 500.0]))
def test_each_car_is_at_one_point_at_most_and_never_moves_while_it_charges(day, occupied_until):
    cars, stations, _ = day
    found = run(*day, occupied_until)
    s, n, times = found["sessions"], found["n"], found["times"]
    for c, car in enumerate(cars):
        mine = range(found["first"][c], found["first"][c + 1])
        busy = [(s.begin_min[e + k * n], s.end_min[e + k * n]) for e in mine for k in range(4) if s.kwh[e + k * n] > 0]
        busy += [(times.depart_min[e], times.arrive_min[e]) for e in mine]
        busy += [(times.leave_min[e], times.return_min[e]) for e in mine]
        ordered = sorted(busy)
        assert all(end <= begin + 1e-6 for (_, end), (begin, _) in itertools.pairwise(ordered))
        charging = [s.end_min[e + k * n] for e in mine for k in (1, 2) if s.kwh[e + k * n] > 0]
        assert all(end <= max(car["leaves"], times.return_min[mine[-1]]) + 1e-6 for end in charging)
    for v, site in enumerate(stations):
        assert found["sites"].peak_kw[v] <= site["site_kw"] * (1 + 1e-6)
        here = np.flatnonzero(found["visits"].served & (found["visits"].station == v))
        begins, ends = found["visits"].begin_min[here], found["visits"].end_min[here]
        at_once = [int(((begins <= t) & (ends > t)).sum()) for t in begins]
        assert max(at_once, default=0) <= site["points"]


@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.0, 1.0, 2.5, math.inf]) | st.floats(0, 9)), max_size=40)
)
def test_the_agenda_is_in_order(changes):
    """Against a plain dict: the next item is the first by time and number."""
    agenda = Agenda(np.zeros(7), np.full(7, -1, np.int32), np.zeros(7, np.int32), np.zeros(1, np.int32))
    times = {}
    for item, at in changes:
        put(agenda, item, at)
        times[item] = at
        times = {k: t for k, t in times.items() if t < math.inf}
        assert agenda.size[0] == len(times)
        if times:
            assert agenda.heap[0] == min((t, k) for k, t in times.items())[1]


@given(st.lists(st.floats(0, 2), min_size=24, max_size=24), st.floats(0, 2880), st.floats(0, 1500), st.floats(0, 1500))
@example([1.0] * 24, 0.0, 0.0, 0.0)
@example([0.0] + [2.0] * 23, 59.5, 0.75, 0.0)  # over the full hour in less than a minute
@example([1.0] * 10 + [0.5] * 14, 0.0, 60.0, 590.0)  # best as late as may be, by less than one
def test_tariffs_are_those_of_the_slow_twin(hours, begin, minutes, slack):
    found = charging_tariffs.mean_price(sums(hours), begin, minutes)
    assert found == pytest.approx(slow.mean_price(hours, begin, minutes), abs=1e-6)
    assert min(hours) - 1e-6 <= found <= max(hours) + 1e-6
    assume(minutes > 1.0)
    start = charging_tariffs.cheapest_start(sums(hours), begin, begin + slack, minutes)
    assert begin <= start <= begin + slack
    price = lambda at: slow.mean_price(hours, at, minutes)  # noqa: E731
    assert price(start) <= price(begin) + 1e-9
    assert price(start) == pytest.approx(price(slow.cheapest_start(hours, begin, begin + slack, minutes)), abs=1e-9)
    assert price(start) <= min(price(begin + slack * k / 20) for k in range(21)) + 1e-6


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 1600)), min_size=1, max_size=5))
@example([(60.0, 0.0)])
@example([(59.5, 0.75)])  # over the full hour in less than a minute
def test_hours_of_sessions_are_those_of_the_slow_twin(sessions):
    """The mean price of a tariff of one hour alone is the share of the session in it."""
    begin = np.array([b for b, _ in sessions])
    end, shares = begin + np.array([m for _, m in sessions]), np.zeros((len(sessions), 24))
    charging_hours.hour_shares(0, len(sessions), begin, end, shares)
    assert shares.sum(axis=1) == pytest.approx(1.0, abs=1e-9)
    for i in range(len(sessions)):
        for hour in range(24):
            only = [float(h == hour) for h in range(24)]
            assert shares[i, hour] == pytest.approx(slow.mean_price(only, begin[i], end[i] - begin[i]), abs=1e-6)


def tour(**changes):
    return {
        "km": 5.0, "depart": 480, "arrive": 500.0, "leave": 800.0, "back": 830.0, "work_kw": 0.0, "dest": 0, "home": 1,
    } | changes  # fmt: skip


def car(*tours, **changes):
    return {
        "battery": 52.0, "home_kw": 0.0, "home_eur_kwh": 0.2, "weight": -0.3, "energy": 20.0, "tours": list(tours),
        "tariff": 1, "home_hours": FLAT, "delays": False, "place": 0, "leaves": 1440.0 + 480.0, "ready": 0.0,
    } | changes  # fmt: skip


def site(**changes):
    return {
        "kw": 22.0, "site_kw": math.inf, "prices": [0.1] * 24, "eur_min": 0.0, "eur_session": 0.0,
        "resident_share": 1.0, "place": 0, "wait_min": 0.0, "points": 400,
    } | changes  # fmt: skip


SLOW_AT_0 = {"slow": [[(0, 2.0)], [], [], []], "fast": [[], [], [], []]}


@pytest.mark.parametrize(
    "dearer",
    [{"prices": [0.2] * 24}, {"eur_min": 0.02}, {"eur_session": 2.0}, {"prices": [0.1] * 8 + [0.3] * 6 + [0.1] * 10}],
    ids=["kWh", "minute", "session", "hours of the stay"],
)
def test_a_price_that_rises_sends_drivers_elsewhere_and_none_there(dearer):
    """Two hundred drivers at a slow site: dearer energy, minutes, sessions or hours lose sessions, and none is won."""
    cars = [car(tour()) for _ in range(200)]
    took = [run(cars, [site(**more)], SLOW_AT_0)["requests"].station >= 0 for more in ({}, dearer)]
    assert 0 < took[1].sum() < took[0].sum() < 200
    assert not (took[1] & ~took[0]).any()


def test_a_discount_wins_residents_and_changes_nothing_for_others():
    residents, others = [car(tour(), place=0) for _ in range(100)], [car(tour(), place=1) for _ in range(100)]
    before, after = (
        run(residents + others, [site(resident_share=share, prices=[0.4] * 24)], SLOW_AT_0) for share in (1.0, 0.5)
    )
    took = [found["requests"].station[:200] >= 0 for found in (before, after)]
    assert took[1][:100].sum() > took[0][:100].sum()
    assert (took[1][100:] == took[0][100:]).all()
    s = after["sessions"]
    paid = s.eur[:200][took[1]] / s.grid_kwh[:200][took[1]]
    assert paid == pytest.approx(np.where(np.flatnonzero(took[1]) < 100, 0.2, 0.4))


def test_a_timer_waits_for_the_cheap_hours_and_the_battery_is_as_full():
    """Back at 18:00, the tariff is cheap from 22 to 6: who has a timer begins then, and pays half."""
    evening = tour(leave=1050.0, back=1080.0)
    plain = car(evening, home_kw=7.5, tariff=0, home_hours=HOURS, weight=-0.01, energy=12.0)
    cars = [plain for _ in range(20)] + [plain | {"delays": True} for _ in range(20)]
    found = run(cars, [], {"slow": [[]] * 4, "fast": [[]] * 4})
    s, slots = found["sessions"], 2 * found["n"] + np.arange(40)
    at_once, later = (part[found["private"].home[k : k + 20]] for k, part in ((0, slots[:20]), (20, slots[20:])))
    assert min(len(at_once), len(later)) > 5
    assert (s.begin_min[at_once] == 1080.0).all()
    assert (s.begin_min[later] == 1320.0).all()
    assert s.kwh[later] == pytest.approx(s.kwh[at_once][0])
    assert s.eur[later] == pytest.approx(s.grid_kwh[later] * 0.2 * 0.5)
    assert (s.eur[at_once] > 1.2 * s.eur[later][0]).all()


def test_a_wait_shortens_a_slow_charge_and_not_the_stay():
    """A point that is taken until 515 for a car that stands from 500 to 800 and would charge all the time."""
    day = [car(tour(), battery=77.0, energy=20.0, weight=0.0)] * 30, [site(kw=3.75, points=1)], SLOW_AT_0
    free, taken = (run(*day, until) for until in (0.0, 515.0))
    first = np.flatnonzero(free["requests"].station >= 0)[0]
    assert free["visits"].kwh[first] == pytest.approx(free["requests"].kwh[first])
    assert taken["visits"].kwh[first] == pytest.approx(free["visits"].kwh[first] * 285.0 / 300.0)
    assert taken["visits"].end_min[first] == 800.0


def test_cars_that_share_power_charge_more_slowly_and_no_more_is_drawn():
    """Three cars at once at a site of 11 kW: each gets a third while all three charge."""
    fleet = [car(tour(), energy=20.0, weight=0.0) for _ in range(60)]
    alone = run(fleet, [site()], SLOW_AT_0)
    shared = run(fleet, [site(site_kw=11.0)], SLOW_AT_0)
    took = alone["visits"].served[:60]
    assert took.sum() >= 3
    assert (shared["visits"].end_min[:60][took] > alone["visits"].end_min[:60][took]).all()
    assert shared["sites"].peak_kw[0] == pytest.approx(11.0)
    assert alone["sites"].peak_kw[0] == pytest.approx(11.0 * took.sum())
    given_out = shared["sessions"].grid_kwh[:60].sum()
    assert given_out <= 11.0 * 300.0 / 60.0 + 1e-6


def test_who_finds_a_queue_tries_the_next_site():
    """The near site is taken for hours; after half an hour the driver goes on to the other, the patience is spent."""
    zones = {"slow": [[(0, 2.0), (1, 8.0)], [], [], []], "fast": [[], [], [], []]}
    fleet = [car(tour(), weight=-0.1) for _ in range(40)]
    found = run(fleet, [site(points=1, kw=3.75), site(prices=[0.9] * 24)], zones)
    visits = found["visits"]
    moved = np.flatnonzero(visits.served & (visits.left == 1))
    assert len(moved) > 0
    assert (visits.station[moved] == 1).all()
    assert visits.wait_min[moved] == pytest.approx(30.0)
    assert visits.way_min[moved] == pytest.approx(P["walk_multiplier"] * (2.0 + 0.5 * (2.0 + 8.0)))
    assert found["sites"].left[0] == len(moved)


def test_without_a_plug_some_charge_near_home_overnight_and_the_point_stays_taken_past_midnight():
    """Returns at 23:20 with 12 kWh of 52; a point of 11 kW near home is still taken at midnight."""
    late = tour(leave=1380.0, back=1400.0, dest=1, home=0)
    day = [car(late, energy=14.0, weight=-0.1)] * 40, [site(kw=11.0, points=1)], SLOW_AT_0
    found = run(*day)
    nights = found["requests"].station[found["n"] :] == 0
    assert 0 < nights.sum() < 40
    assert found["visits"].served.sum() == 1
    assert 0.0 < found["points"].end_min[0] <= 360.0  # of tomorrow
    assert found["held"][0] == pytest.approx(11.0)
    last_asks = run(day[0][: np.flatnonzero(nights)[-1] + 1], *day[1:])
    assert last_asks["visits"].way_min[-1] == last_asks["requests"].way_min[-1] > 0.0
    with_plug = run([c | {"home_kw": 3.7} for c in day[0]], *day[1:])
    assert (with_plug["requests"].station == -1).all()
    assert with_plug["private"].home.any()


def test_points_that_are_taken_since_yesterday_become_free_though_nobody_comes():
    sites, until = [site(points=2), site(points=2)], np.array([0.0, 100.0, 300.0, 200.0])
    found = run([car(tour(km=0.0))], sites, {"slow": [[]] * 4, "fast": [[]] * 4}, until)
    assert (found["points"].slot == -1).all()
    assert (found["held"] == 0.0).all()
    assert found["sites"].peak_kw == pytest.approx([1.0, 2.0])  # 1 kW each at midnight, though nobody comes


def test_what_charges_over_midnight_is_in_the_highest_power_of_the_next_day_and_never_above_that_of_the_site():
    """Two points of 1 kW that were taken at midnight: 2 kW with room for it, 1.5 kW where the site gives no more."""
    for limit, most in ((math.inf, 2.0), (1.5, 1.5)):
        found = run([car(tour(km=0.0))], [site(points=2, site_kw=limit)], {"slow": [[]] * 4, "fast": [[]] * 4}, 60.0)
        assert found["sites"].peak_kw[0] == pytest.approx(most)


def test_what_a_point_holds_after_midnight_is_not_what_it_gave_before():
    """Three share 11 kW until three others come late: at midnight six have a sixth each."""
    early = [car(tour(leave=1200.0, back=1230.0, dest=1, home=0), energy=14.0, weight=0.0)] * 8
    late = [car(tour(leave=1380.0, back=1400.0, dest=1, home=0), energy=14.0, weight=0.0)] * 8
    found = run(early + late, [site(kw=11.0, site_kw=11.0, points=16)], SLOW_AT_0)
    visits, n = found["visits"], found["n"]
    nights = visits.served[n:]
    assert set(visits.begin_min[n:][nights]) == {1230.0, 1400.0}
    over_midnight = int((visits.end_min[n:][nights] > 1440.0).sum())
    assert over_midnight == nights.sum() == 6
    assert found["held"][found["held"] > 0.0] == pytest.approx([11.0 / 6.0] * 6)


def test_a_charge_at_home_ends_when_the_car_leaves():
    """Back at 23:20, off again at 5: what fits into the night, not what would fit until six."""
    late = tour(leave=1380.0, back=1400.0)
    fleet = [car(late, home_kw=2.5, energy=14.0, weight=0.0, leaves=1440.0 + 300.0)] * 20
    found = run(fleet, [], {"slow": [[]] * 4, "fast": [[]] * 4})
    at_home = found["sessions"].kwh[2 * found["n"] : 3 * found["n"]]
    assert at_home.max() == pytest.approx(2.5 * P["loss_ac"] * 340.0 / 60.0)
