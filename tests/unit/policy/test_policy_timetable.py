"""Measures on the timetable: what they write into the conditions, what they cost, what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from tests.unit.policy.policy_measures import measure
from tests.unit.policy.policy_region import small_region
from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS
from zemsim.policy.conditions import Conditions, conditions
from zemsim.policy.draft import ConflictError, PolicyRegion
from zemsim.policy.levers import Measure
from zemsim.policy.times import Headways, Hours
from zemsim.travel.on_demand import OnDemand
from zemsim.travel.timetable import Timetable
from zemsim.travel.timetable_changes import ExtraStop, PassedStops, Speed, from_plain, to_plain
from zemsim.travel.timetable_levers import Line

H = 3600
KINDS = ("new_line", "new_stop", "closed_stop", "bus_speed", "on_demand_bus")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> PolicyRegion:
    return PolicyRegion.of(small_region(tmp_path_factory.mktemp("gtfs")))


def under(base: PolicyRegion, year: int, *measures: Measure) -> Conditions:
    return conditions(base, measures, year)


def changed(base: PolicyRegion, *measures: Measure, year: int = 2026) -> Timetable:
    return base.timetable.changed(under(base, year, *measures).timetable)


def km(table: Timetable, day: int = 0) -> pd.Series:
    runs = table.vehicle_km()
    return runs[runs["day_type"] == day].groupby("route_id")["vehicle_km"].sum()


def rules(base: PolicyRegion, year: int, *measures: Measure) -> dict[tuple[str, str], tuple[str, float, float]]:
    """Rules of payment beyond the base: basis, quantity and price by measure and item."""
    found = under(base, year, *measures).payment_rules
    return {(r.measure_id, r.item): (r.basis, r.quantity, r.unit_eur) for r in found if r.measure_id != "base"}


def test_headways_name_the_periods() -> None:
    assert list(Headways.model_fields) == [period.name for period in PERIODS]


def test_departures_follow_the_headway_of_their_period() -> None:
    hours = Hours(first="06:00", last="20:00")
    found = Headways(weekday_morning=90, weekday_afternoon=120, weekend_late=400).departures_s(hours)
    assert found == ((6 * H, int(7.5 * H), 15 * H, 17 * H), (15 * H,))
    # 7:30 + 90 minutes is 9:00, midday, which has none; 17:00 + 120 is 19:00, evening
    whole = Headways(weekday_morning=60, weekday_midday=60).departures_s(Hours(first="00:30", last="24:00"))
    assert whole[0] == tuple(int((0.5 + i) * H) for i in range(15))


@pytest.mark.parametrize("lever", KINDS)
def test_a_measure_on_the_timetable_changes_it_from_its_year_and_nothing_else(base: PolicyRegion, lever: str) -> None:
    own = measure(lever, until_year=2029)
    plain = under(base, 2027)
    assert under(base, 2025, own) == under(base, 2025)
    assert under(base, 2030, own) == under(base, 2030)
    found = under(base, 2027, own)
    assert len(found.timetable) == 1
    kept = {"timetable", "price", "payment_rules", "electric_bus_share"}
    names = [name for name in found.__dataclass_fields__ if name not in kept]
    assert all(repr(getattr(found, name)) == repr(getattr(plain, name)) for name in names)
    assert hash(found.timetable) == hash(from_plain(json.loads(json.dumps(to_plain(found.timetable)))))
    assert from_plain(json.loads(json.dumps(to_plain(found.timetable)))) == found.timetable


def test_a_new_line_runs_and_is_paid_by_its_kilometres(base: PolicyRegion) -> None:
    own = measure("new_line")
    (line,) = under(base, 2026, own).timetable
    assert isinstance(line, Line)
    assert line.courses[0].stop_ids == ("b1", "new-line:1", "b3")
    assert line.courses[1].stop_ids == ("b3", "new-line:1", "b1")
    assert line.courses[0].departures_s == ((int(5.5 * H), int(6.5 * H), int(7.5 * H), int(8.5 * H)), ())
    metres = sum(line.courses[0].length_m or ())
    assert sum(line.courses[0].ride_s) == pytest.approx(metres * 3.6 / 50, abs=2)
    table = changed(base, own)
    assert km(table)["new-line"] == pytest.approx(8 * metres / 1000)
    assert km(table).drop("new-line").equals(km(base.timetable))
    assert rules(base, 2026, own) == {("new-line", "new_line"): ("vehicle_km", 0.0, 1.5)}
    assert under(base, 2026, own).electric_bus_share == (("new-line", 0.5),)
    train = measure("new_line", id="t", stops=["t1", "t2"], network="train", vehicle="train_diesel", fare_eur=2.5)
    both = changed(base, own, train)
    assert both.routes.set_index("route_id")["mode"][["new-line", "t"]].tolist() == ["bus", "train"]
    assert both.routes.set_index("route_id")["fare_eur"]["t"] == 2.5
    assert both.routes.set_index("route_id")["fare_eur"].isna()["new-line"]


def test_minutes_of_a_line_may_be_given(base: PolicyRegion) -> None:
    (line,) = under(base, 2026, measure("new_line", speed_km_h=None, ride_min=[12.5, 30], both_ways=False)).timetable
    assert isinstance(line, Line)
    assert line.courses[0].ride_s == (750, 1800)
    assert len(line.courses) == 1


def test_a_new_stop_adds_time_and_its_cost(base: PolicyRegion) -> None:
    own = measure("new_stop")
    (change,) = under(base, 2026, own).timetable
    assert isinstance(change, ExtraStop)
    table = changed(base, own)
    assert "new-stop" in set(table.stops["stop_id"])
    assert rules(base, 2026, own) == {
        ("new-stop", "way_round"): ("vehicle_km", 0.0, 2.0),
        ("new-stop", "building"): ("fixed", 1.0, 10_000.0),
        ("new-stop", "upkeep"): ("fixed", 1.0, 500.0),
    }
    assert ("new-stop", "building") not in rules(base, 2027, own)


def test_kilometres_of_a_line_are_paid_once(base: PolicyRegion) -> None:
    """The first measure in the order of levers pays the difference, whatever the order in the file."""
    stop, more = measure("new_stop"), measure("bus_frequency")
    for measures in ((stop, more), (more, stop)):
        found = rules(base, 2026, *measures)
        assert ("new-stop", "way_round") not in found
        assert found["bus-frequency", "departures"] == ("vehicle_km", 0.0, 2.0)


def test_stops_that_are_passed_and_speeds(base: PolicyRegion) -> None:
    (passed,) = under(base, 2026, measure("closed_stop")).timetable
    assert passed == PassedStops(("b2",), ("r3",), 60)
    (speed,) = under(base, 2028, measure("bus_speed")).timetable
    assert speed == Speed(("r1", "r2"), 1.25, (0,), ())
    (here,) = under(base, 2026, measure("bus_speed", places=["z1", "z2", "z4"], periods=[])).timetable
    assert here == Speed(("r1", "r2"), 1.1, (), ("b1", "b2", "t1"))
    assert under(base, 2026, measure("bus_speed", speed_factor=1.0)).timetable == ()
    with pytest.raises(InputError, match="1 lie in its places"):
        under(base, 2026, measure("bus_speed", places=["Bauska"]))


def test_speeds_in_other_periods_or_places_are_no_conflict(base: PolicyRegion) -> None:
    first = measure("bus_speed")
    under(base, 2026, first, measure("bus_speed", id="b", periods=["weekend_day"]))
    with pytest.raises(ConflictError, match="the speed of route r1 \\(weekday_morning\\)"):
        under(base, 2026, first, measure("bus_speed", id="b", periods=[], route_ids=["r1"], networks=[]))


def test_a_service_on_demand(base: PolicyRegion) -> None:
    own = measure("on_demand_bus")
    (service,) = under(base, 2026, own).timetable
    assert isinstance(service, OnDemand)
    assert service.hub_ids == ("b3",)
    # one square of the town (1 km), 2 x 2 of the countryside (4 km over 1500 * sqrt 2 = 2.1 km)
    assert [stop.stop_id for stop in service.points] == [
        *("on-demand-bus:z3/1", "on-demand-bus:z4/1", "on-demand-bus:z4/2", "on-demand-bus:z4/3", "on-demand-bus:z4/4"),
    ]
    assert service.wait_s == 900
    assert service.hours_s == ((6 * H, 20 * H), None)
    table = changed(base, own)
    assert km(table)["r2"] == 0.0
    assert km(table)["on-demand-bus"] == 0.0
    assert rules(base, 2026, own) == {
        ("on-demand-bus", "replaced_lines"): ("vehicle_km", 0.0, 2.0),
        ("on-demand-bus", "on_demand"): ("fixed", 251 * 14.0, 35.0),
    }
    assert rules(base, 2028, own)["on-demand-bus", "on_demand"] == ("fixed", 2 * 251 * 14.0, 35.0)


def test_areas_on_demand_may_not_overlap_nor_share_lines_with_other_measures(base: PolicyRegion) -> None:
    own = measure("on_demand_bus")
    with pytest.raises(ConflictError, match=r"buses on demand in 2026 in Bauskas novads"):
        under(base, 2026, own, measure("on_demand_bus", id="b", places=["Bauska"], route_ids=[]))
    other = measure("on_demand_bus", id="b", places=["Dobeles novads"], route_ids=[], hubs=["b1"])
    assert len(under(base, 2026, own, other).timetable) == 2
    with pytest.raises(ConflictError, match="the departures of route r2"):
        under(base, 2026, own, measure("bus_frequency", networks=["city_bus_jelgava"]))
    free = measure("bus_frequency", networks=["city_bus_jelgava"], except_route_ids=["r2"])
    assert len(under(base, 2026, own, free).timetable) == 2


def test_the_order_of_changes_is_that_of_kinds(base: PolicyRegion) -> None:
    found = under(base, 2026, *(measure(lever) for lever in (*KINDS[::-1], "bus_frequency")))
    kinds = [type(change).__name__ for change in found.timetable]
    assert kinds == ["Line", "Speed", "ExtraStop", "PassedStops", "Departures", "OnDemand"]
    assert base.timetable.changed(found.timetable).n_patterns > base.timetable.n_patterns


@pytest.mark.parametrize(
    ("lever", "values", "message"),
    [
        ("new_line", {"stops": ["b1", "b3x"]}, "unknown stop or settlement “b3x”: did you mean “b3”"),
        ("new_line", {"stops": ["Auri", "b1"]}, "“Auri” means several settlements: use one of s4, s5"),
        ("new_line", {"stops": ["s3", "b1"]}, "no bus stops within 600 m of the centre of “s3”, the nearest is"),
        ("new_line", {"stops": ["91.0, 24", "b1"]}, "no place on earth"),
        ("closed_stop", {"stops": ["56.5, 24.0"]}, "needs stops that are there"),
        ("closed_stop", {"stops": ["b9"]}, "unknown stop or settlement “b9”"),
        ("on_demand_bus", {"hubs": ["56.5, 24.0"]}, "needs stops that are there"),
        ("on_demand_bus", {"places": ["g1"]}, "has 0 pick-up points"),
        ("on_demand_bus", {"walk_max_m": 200, "places": ["everywhere"]}, "1 to 400 are possible"),
        ("bus_speed", {"networks": ["city_bus_x"]}, "unknown network “city_bus_x”"),
    ],
)
def test_what_the_region_does_not_have(base: PolicyRegion, lever: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        under(base, 2026, measure(lever, **values))


@pytest.mark.parametrize(
    ("lever", "values", "message"),
    [
        ("closed_stop", {"stops": ["b1"], "route_ids": ["r4"]}, "route “r4” does not call at “b1”"),
        ("closed_stop", {"stops": ["b1", "b2"], "route_ids": ["r3"]}, "would be left with 1 stops"),
        ("closed_stop", {"saved_s": 600, "stops": ["b2"], "route_ids": ["r3"]}, None),
        ("new_stop", {"lat": 56.0}, "route “r3” comes nowhere within 500 m of stop “new-stop”"),
        ("new_line", {"id": "r1"}, "route “r1” is in the timetable already"),
    ],
)
def test_what_the_timetable_cannot_do(
    base: PolicyRegion, lever: str, values: dict[str, Any], message: str | None
) -> None:
    own = measure(lever, **values)
    if message is None:
        assert changed(base, own).n_patterns == base.timetable.n_patterns
        return
    with pytest.raises(InputError, match=message):
        changed(base, own)


@pytest.mark.parametrize(
    ("lever", "values", "message"),
    [
        ("new_line", {"stops": ["b1"]}, "at least 2"),
        ("new_line", {"stops": ["b1", "b1"]}, "twice in a row"),
        (
            "new_line",
            {"hours": {"first": "05:30", "last": "25:10"}},
            "time of the day from 00:00 to 24:00, got “25:10”",
        ),
        ("new_line", {"hours": {"first": "12:00", "last": "11:59"}}, "must not be before first 12:00"),
        ("new_line", {"hours": {"first": "10:00", "last": "11:00"}}, "no period with a headway has a departure"),
        ("new_line", {"headway_min": {}}, "give the headway of one period"),
        ("new_line", {"speed_km_h": None}, "exactly one of speed_km_h and ride_min"),
        ("new_line", {"speed_km_h": None, "ride_min": [5]}, "3 stops need 2, got 1"),
        ("on_demand_bus", {"hours_weekday": None}, "give the hours of weekdays, of weekends"),
        ("on_demand_bus", {"persons_per_run": 9}, "must not be above the 8 seats"),
        ("bus_speed", {"networks": []}, "say which routes"),
    ],
)
def test_values_that_contradict(lever: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        measure(lever, **values)


def test_a_settlement_is_its_nearest_bus_stop(base: PolicyRegion) -> None:
    assert base.stops.find(["Jelgava", "s2", "t1"], "m") == (["b1", "b3", "t1"], [])
    ids, new = base.stops.find(["56.5, 24.1", "56.5,24.1", "b1"], "m")
    assert ids == ["m:1", "m:1", "b1"]
    assert [(stop.lat, stop.lon) for stop in new] == [(56.5, 24.1)]


def test_the_timetable_is_read_only_if_a_measure_asks_for_it(tmp_path: Path) -> None:
    base = PolicyRegion.of(small_region(tmp_path))
    under(base, 2026, measure("bus_frequency"), measure("bus_fare"))
    assert "timetable" not in vars(base)
