"""Electric buses over a week: balances of energy, and the signs of what a fleet has and how cold it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.raptor import Trip, timetable
from zemsim.behaviour.parameters import load_parameters
from zemsim.core.names import DayType
from zemsim.model.bus_fleets import bus_energy
from zemsim.travel import electric_buses
from zemsim.travel.electric_buses import BusEnergy, BusWeek, ElectricFleet, drive_week, kwh_per_km
from zemsim.travel.vehicle_blocks import BlockRules, Blocks, blocks_of

H = 3600
RULES = BlockRules(pause_s=300.0, stand_s=3600.0, empty_km_h=30.0, empty_detour=1.0, empty_most_km=10.0)
POINTS = [(0.0, 0.0), (10_000.0, 0.0)]
#: 1 kWh/km, the whole battery, nothing lost: sums by hand.
PLAIN = BusEnergy(kwh_km=1.0, usable_share=1.0, efficiency=1.0)
FLEET = ElectricFleet("n", buses=3, battery_kwh=100.0, depot_plugs=3, depot_kw=20.0)


def line(departures: int, every_s: int, first_s: int = 6 * H) -> dict[DayType, Blocks]:
    """A line of 10 km, 20 minutes each way, from the depot and back, the same on all days of the week."""
    there = [(first_s + every_s * n, (0, 1)) for n in range(departures)]
    back = [(start + 1800, (1, 0)) for start, _ in there]
    trips = [Trip(0, False, stops, (s, s + 1200), (s, s + 1200)) for s, stops in there + back]
    table = timetable(POINTS, trips)
    blocks = blocks_of(table, DayType.WEEKDAY, str(table.routes["network_id"].iloc[0]), RULES)
    return {DayType.WEEKDAY: blocks, DayType.WEEKEND: blocks}


BUSY = line(16, H)


def week(fleet: ElectricFleet = FLEET, energy: BusEnergy = PLAIN, blocks: dict[DayType, Blocks] = BUSY) -> BusWeek:
    return drive_week(blocks, fleet, energy, spare_share=0.0)


def electric(found: BusWeek) -> float:
    """Departures of a weekday and a weekend day that electric buses drive."""
    return sum(share.electric for share in found.shares.values())


def runs(found: BusWeek) -> float:
    return sum(share.runs for share in found.shares.values())


def gap_kwh(found: BusWeek) -> float:
    return found.charged_kwh - found.driven_kwh - found.change_kwh


def test_consumption_is_a_straight_line_between_two_temperatures() -> None:
    assert [kwh_per_km(c, 1.2, 2.0, 15.0, -15.0) for c in (25.0, 15.0, 0.0, -15.0, -25.0)] == [1.2, 1.2, 1.6, 2.0, 2.0]


def test_consumption_is_that_of_the_parameters_from_memory_of_nordic_trials() -> None:
    p = load_parameters()
    assert bus_energy(p, 20.0).kwh_km == p["e_bus"] == 1.2
    assert bus_energy(p, -15.0).kwh_km == p["e_bus_cold"] == 2.0


def test_one_bus_on_a_short_line_by_hand() -> None:
    """Two journeys there and back of 20 km: 40 kWh a day, charged in two hours at 20 kW, and nobody else needed."""
    found = week(replace(FLEET, buses=1), blocks=line(2, 10 * H))
    assert electric(found) == runs(found) == 8.0
    assert found.driven_kwh == pytest.approx(7 * 40.0)
    assert found.depot_kwh == pytest.approx(7 * 40.0)
    assert (found.change_kwh, found.depot_peak_kw, found.cancelled_week) == (pytest.approx(0.0, abs=1e-9), 20.0, 0.0)
    assert found.kwh_day[DayType.WEEKDAY, 0] == pytest.approx(40.0)
    assert found.depot_kw.sum() == pytest.approx(40.0)
    assert found.parked_day == 0.0


def test_losses_are_drawn_and_not_driven() -> None:
    found = week(replace(FLEET, buses=1), PLAIN._replace(efficiency=0.8), line(2, 10 * H))
    assert found.depot_kwh == pytest.approx(7 * 50.0)
    assert found.kwh_day[DayType.WEEKEND, 0] == pytest.approx(50.0)
    assert gap_kwh(found) == pytest.approx(0.0, abs=1e-9)


def test_a_bus_without_a_charger_stays_parked_and_a_diesel_bus_drives() -> None:
    found = week(replace(FLEET, depot_plugs=0, diesel_buses=2))
    assert electric(found) == 0.0
    assert found.parked_day == pytest.approx(3.0)
    assert found.charged_kwh == 0.0
    assert runs(found) == len(found.shares)


def test_without_a_diesel_bus_its_departures_are_cancelled_and_counted() -> None:
    found = week(replace(FLEET, depot_plugs=0, diesel_buses=0))
    assert runs(found) == 0.0
    assert found.cancelled_week == 7 * 32
    half = week(replace(FLEET, buses=1, depot_plugs=1, depot_kw=5.0, diesel_buses=0))
    assert 0.0 < electric(half) == runs(half) < 64.0
    assert half.cancelled_week == pytest.approx(7 * 32 - sum(_weekly(half)))


def _weekly(found: BusWeek) -> list[float]:
    days = {DayType.WEEKDAY: 5, DayType.WEEKEND: 2}
    return [share.runs * days[key[0]] for key, share in found.shares.items()]


def test_another_bus_comes_before_the_battery_is_empty() -> None:
    """A bus of 50 kWh drives two journeys of 20 km and goes home; no departure is missed while others are there."""
    found = week(replace(FLEET, battery_kwh=50.0, diesel_buses=0))
    assert runs(found) == electric(found) == 64.0


SIGNS = (
    ("colder: more energy", lambda f, e: (f, e._replace(kwh_km=1.4)), lambda w: w.kwh_day[DayType.WEEKDAY, 0], 1),
    ("fewer plugs: fewer electric km", lambda f, e: (replace(f, depot_plugs=1), e), electric, -1),
    ("less power: fewer electric km", lambda f, e: (replace(f, depot_kw=4.0), e), electric, -1),
    ("fewer buses: fewer electric km", lambda f, e: (replace(f, buses=1), e), electric, -1),
    ("smaller battery: fewer electric km", lambda f, e: (replace(f, battery_kwh=42.0), e), electric, -1),
    ("less of it usable: fewer electric km", lambda f, e: (f, e._replace(usable_share=0.4)), electric, -1),
    ("chargers at termini: more electric km", lambda f, e: (_opportunity(f), e), electric, 1),
    ("more plugs: a higher peak", lambda f, e: (replace(f, depot_plugs=9), e), lambda w: w.depot_peak_kw, 1),
)


def _opportunity(fleet: ElectricFleet) -> ElectricFleet:
    return replace(fleet, terminus_chargers=2, terminus_kw=100.0)


@pytest.mark.parametrize(("why", "change", "figure", "sign"), SIGNS, ids=[row[0] for row in SIGNS])
def test_signs(why: str, change: object, figure: object, sign: int) -> None:
    """A tight fleet: eight buses on four an hour, four plugs of 10 kW."""
    tight = ElectricFleet("n", buses=8, battery_kwh=90.0, depot_plugs=4, depot_kw=10.0, diesel_buses=8)
    blocks = line(60, 900)
    fleet, energy = change(tight, PLAIN)  # type: ignore[operator]
    before, after = week(tight, PLAIN, blocks), week(fleet, energy, blocks)
    if why.startswith("colder"):
        before, after = (week(replace(tight, depot_kw=60.0), e, blocks) for e in (PLAIN, energy))
    assert np.sign(figure(after) - figure(before)) == sign, (figure(before), figure(after))  # type: ignore[operator]


FLEETS = st.builds(
    ElectricFleet,
    network_id=st.just("n"),
    buses=st.integers(0, 6),
    battery_kwh=st.sampled_from([21.0, 60.0, 300.0]),
    depot_plugs=st.integers(0, 4),
    depot_kw=st.sampled_from([3.0, 40.0, 150.0]),
    terminus_chargers=st.integers(0, 3),
    terminus_kw=st.sampled_from([0.0, 150.0]),
    diesel_buses=st.sampled_from([None, 0, 2]),
)


@settings(max_examples=60, deadline=None)
@given(FLEETS, st.sampled_from([0.7, 1.2, 2.0]), st.sampled_from([(3, 2 * H), (16, H), (40, 1200)]))
def test_energy_balances_and_batteries_are_never_overdrawn(
    fleet: ElectricFleet, kwh_km: float, service: tuple[int, int]
) -> None:
    energy, seen = BusEnergy(kwh_km, 0.8, 0.9), []

    class Watched(electric_buses._Week):
        def _use(self, *args: object) -> None:
            super()._use(*args)  # type: ignore[arg-type]
            seen.append((self.depot.kwh.min(initial=0.0), self.depot.kwh.max(initial=0.0)))

    found = Watched(line(*service), fleet, energy, 2 if fleet.diesel_buses is None else fleet.diesel_buses).drive()
    assert abs(gap_kwh(found)) <= 1e-9 * max(found.driven_kwh, 1.0)
    assert found.charged_kwh == pytest.approx((found.depot_kwh + found.terminus_kwh) * 0.9)
    for least, most in seen:
        assert least >= -1e-9
        assert most <= fleet.battery_kwh * 0.8 + 1e-9
    assert all(0.0 <= share.electric <= share.runs <= 1.0 for share in found.shares.values())
    assert found.depot_peak_kw <= fleet.depot_plugs * fleet.depot_kw
    assert found.cancelled_week == pytest.approx(7 * 2 * service[0] - sum(_weekly(found)))
