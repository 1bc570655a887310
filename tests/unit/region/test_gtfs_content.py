"""What feeds hold beyond stops and trips: stations, walks, fares, lines, areas on demand; several feeds as one."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.bad_inputs.gtfs.feeds import FEED, added, changed, codes, same, without, write_folder, write_zip
from tests.reference.raptor import FARES
from zemsim.core.errors import InputError
from zemsim.core.names import DayType
from zemsim.region.geo import great_circle_m
from zemsim.region.gtfs import check_feed, merge_feeds, read_gtfs
from zemsim.region.gtfs.in_seat import REASONS
from zemsim.region.gtfs.kinds import TRAIN_KINDS, kind_of
from zemsim.region.gtfs.merge import prefixes_of
from zemsim.region.gtfs.shapes import along_m
from zemsim.region.gtfs.times import FAULTS
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import _fares
from zemsim.travel.transit_network import foot_links, plain_network


def test_boarding_is_at_platforms_and_stations_are_places(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path))
    assert feed.stops["stop_id"].tolist() == ["007", "NA", "3", "4"]
    assert feed.stops["parent_station"].tolist() == ["", "", "st", "st"]
    assert feed.places["stop_id"].tolist() == ["st", "en"]
    assert feed.places["location_type"].tolist() == [1, 2]
    assert Timetable.from_gtfs(tmp_path, FARES).stops["stop_id"].tolist() == ["007", "3", "4", "NA"]


def test_walks_of_transfers_and_pathways(tmp_path: Path) -> None:
    walks = read_gtfs(write_folder(tmp_path)).walks
    found = {(a, b): (kind, seconds) for a, b, kind, seconds in walks.itertuples(index=False)}
    assert found.pop(("3", "NA"))[0] == "none"
    assert found == {
        ("3", "4"): ("walk", 30 + 60 / (4.8 / 3.6)),
        ("4", "3"): ("walk", 75.0),
        ("NA", "3"): ("change", 600.0),
        ("NA", "4"): ("change", 600.0),
    }


def test_the_closer_of_two_transfers_holds_in_any_order(tmp_path: Path) -> None:
    rows = ["NA,st,2,600", "NA,3,2,300", "NA,3,2,240", "st,NA,3,", "4,NA,2,90"]
    for i, order in enumerate((rows, rows[::-1])):
        head = FEED["transfers.txt"].splitlines()[0]
        files = {**without("pathways.txt"), "transfers.txt": "\n".join([head, *order]) + "\n"}
        walks = read_gtfs(write_folder(tmp_path / str(i), files)).walks
        found = [tuple(row) for row in walks.fillna(-1).itertuples(index=False)]
        assert found == [
            ("3", "NA", "none", -1),
            ("4", "NA", "change", 90),
            ("NA", "3", "change", 300),
            ("NA", "4", "change", 600),
        ]


def test_one_way_pathways_and_boarding_areas(tmp_path: Path) -> None:
    files = changed("pathways.txt", "p2,en,4,2,1,,60", "p2,en,4,2,0,20,")
    files["stops.txt"] = str(files["stops.txt"]) + "area,Area,,,4,4,\n"
    files["pathways.txt"] = str(files["pathways.txt"]) + "p3,area,en,1,0,5,\n"
    walks = read_gtfs(write_folder(tmp_path, files)).walks
    found = {(a, b): seconds for a, b, kind, seconds in walks.itertuples(index=False) if kind == "walk"}
    assert found == {("3", "4"): 50.0, ("4", "3"): 35.0}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("4,3,4,\n", "gtfs.in_seat_unnamed"),
        (",,4,\n", "gtfs.in_seat_unnamed"),
        ("4,3,5,\n", "gtfs.in_seat_not"),
        ("4,NA,1,\n", "gtfs.transfer_plain"),
        ("4,4,2,30\n", "gtfs.transfer_same_stop"),
    ],
)
def test_transfers_that_are_not_used_are_counted(line: str, code: str, tmp_path: Path) -> None:
    before = codes(read_gtfs(write_folder(tmp_path / "a"))).get(code, 0)
    assert codes(read_gtfs(write_folder(tmp_path / "b", added("transfers.txt", line))))[code] == before + 1


def test_a_least_time_without_a_time_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="min_transfer_time is blank"):
        read_gtfs(write_folder(tmp_path, added("transfers.txt", "4,NA,2,\n")))
    with pytest.raises(InputError, match="from_stop_id and to_stop_id are needed"):
        read_gtfs(write_folder(tmp_path, added("transfers.txt", "4,,2,60\n")))


def test_given_walks_go_before_walks_by_distance(tmp_path: Path) -> None:
    """Stops 1, 2 are platforms, 36 m apart; the change from NA (3) takes 600 s in all, 120 of them for any change."""
    table = Timetable.from_gtfs(write_folder(tmp_path), FARES)
    links = {(a, b): s for a, b, s in zip(*(part.tolist() for part in foot_links(table)), strict=True)}
    assert links == {(1, 2): 75, (2, 1): 75, (3, 1): 480, (3, 2): 480}
    plain = Timetable.from_gtfs(write_folder(tmp_path / "plain", without("transfers.txt", "pathways.txt")), FARES)
    links = {(a, b): s for a, b, s in zip(*(part.tolist() for part in foot_links(plain)), strict=True)}
    assert links == {(1, 2): 38, (2, 1): 38}
    forbidden = added("transfers.txt", "3,4,3,\n")
    links = foot_links(Timetable.from_gtfs(write_folder(tmp_path / "none", forbidden), FARES))
    assert (1, 2) not in set(zip(*(part.tolist() for part in links[:2]), strict=True))
    assert plain_network(table, DayType.WEEKDAY).foot_s.tolist() == [75, 75, 480, 480]


def test_fares_of_version_1(tmp_path: Path) -> None:
    fares = read_gtfs(write_folder(tmp_path)).fares
    assert fares is not None
    assert fares.currencies() == ("EUR",)
    assert fares.flat_by_route(["r1", "r2", "r3"]) == {"r1": (1.5, "EUR")}
    assert fares.ride_amount("r1", "007", "4") == 1.5
    assert fares.ride_amount("r2", "007", "4") == fares.ride_amount("r2", "4", "NA") == 2.5
    assert np.isnan(fares.ride_amount("r2", "007", "NA"))
    assert np.isnan(fares.ride_amount("r3", "007", "4"))


def test_a_fare_without_rules_holds_everywhere(tmp_path: Path) -> None:
    files = added("fare_attributes.txt", "day,9.00,EUR,0,\n")
    files["fare_rules.txt"] = "fare_id,route_id\nflat,r1\nzone,r2\n"
    fares = read_gtfs(write_folder(tmp_path, files)).fares
    assert fares is not None
    assert fares.flat_by_route(["r1", "r2", "r3"]) == {"r1": (1.5, "EUR"), "r2": (2.5, "EUR"), "r3": (9.0, "EUR")}


def test_zones_on_the_way(tmp_path: Path) -> None:
    """A fare that names zones holds for rides that touch these zones and no other."""
    files = added("fare_attributes.txt", "both,3.00,EUR,0,\n")
    files["fare_rules.txt"] = "fare_id,route_id,contains_id\nflat,r1,\nzone,r2,z1\nboth,r2,z1\nboth,r2,z2\n"
    feed = read_gtfs(write_folder(tmp_path, files))
    assert feed.fares is not None
    assert feed.fares.flat_by_route(["r1", "r2"]) == {"r1": (1.5, "EUR")}
    found = feed.fares.ride_amounts("r2", ["007", "NA", "3", "4"])
    assert found[0].tolist()[1:] == [2.5, 3.0, 3.0]
    assert np.isnan(found[2, 3]), "only zone z2, for which there is no fare"


def test_fares_that_hold_for_changes_are_counted(tmp_path: Path) -> None:
    assert codes(read_gtfs(write_folder(tmp_path)))["gtfs.fare_with_changes"] == 1


FARES_2 = {
    **without("fare_attributes.txt", "fare_rules.txt"),
    "fare_products.txt": "fare_product_id,fare_product_name,rider_category_id,fare_media_id,amount,currency\n"
    "p1,City,,card,0.80,EUR\np1,City,,cash,1.20,EUR\np1,City,child,card,0.10,EUR\np2,Region,,,3.00,EUR\n",
    "rider_categories.txt": "rider_category_id,rider_category_name,is_default_fare_category\nchild,Child,0\n",
    "areas.txt": "area_id,area_name\ncentre,Centre\n",
    "stop_areas.txt": "area_id,stop_id\ncentre,007\ncentre,st\n",
    "networks.txt": "network_id,network_name\ncity,City\n",
    "route_networks.txt": "network_id,route_id\ncity,r1\n",
    "fare_leg_rules.txt": "leg_group_id,network_id,from_area_id,to_area_id,fare_product_id\n"
    "a,city,,,p1\nb,,centre,,p2\n",
    "fare_transfer_rules.txt": "from_leg_group_id,to_leg_group_id,fare_transfer_type\na,a,0\n",
}


def test_fares_of_version_2(tmp_path: Path) -> None:
    """A blank network means routes of no named network, a blank area stops of no named area."""
    feed = read_gtfs(write_folder(tmp_path, FARES_2))
    fares = feed.fares
    assert fares is not None
    assert fares.version == 2
    assert fares.ride_amount("r1", "NA", "4") == 0.8
    assert np.isnan(fares.ride_amount("r1", "007", "4"))
    assert fares.ride_amount("r2", "007", "4") == 3.0
    assert fares.ride_amount("r2", "3", "NA") == 3.0, "the area of a station is that of its platforms"
    assert np.isnan(fares.ride_amount("r2", "NA", "4"))
    assert codes(feed)["gtfs.fare_rider"] == codes(feed)["gtfs.fare_transfer_rule"] == 1


def test_rules_with_priority_hold_for_all_where_blank(tmp_path: Path) -> None:
    rules = FARES_2["fare_leg_rules.txt"].replace("fare_product_id\n", "fare_product_id,rule_priority\n")
    rules = rules.replace(",p1\n", ",p1,1\n").replace(",p2\n", ",p2,2\n")
    fares = read_gtfs(write_folder(tmp_path, {**FARES_2, "fare_leg_rules.txt": rules})).fares
    assert fares is not None
    assert fares.ride_amount("r1", "007", "4") == 3.0, "the rule of the higher priority goes before the cheaper one"
    assert fares.ride_amount("r1", "NA", "4") == 0.8
    assert fares.flat_by_route(["r2"]) == {}


def test_flat_fares_of_the_feed_go_before_the_formula(tmp_path: Path) -> None:
    table = Timetable.from_gtfs(write_folder(tmp_path), FARES)
    assert table.routes["fare_eur"].tolist()[0] == 1.5
    assert np.isnan(table.routes["fare_eur"].tolist()[1:]).all()
    fares = _fares(table)
    flat = table.pattern_route == 0
    assert (fares.base_eur[flat] == 1.5).all()
    assert (fares.eur_km[flat] == 0).all()
    assert (fares.eur_km[~flat] > 0).all()
    assert "1 × route without a fare in the feed: the formula of the region holds" in table.notices
    assert table.ride_fares is not None
    ride = np.flatnonzero(table.pattern_route == 1)
    assert (fares.ride_first[ride] >= 0).all()
    assert (fares.ride_first[table.pattern_route != 1] == -1).all()
    assert set(fares.ride_eur[~np.isnan(fares.ride_eur)]) == {2.5}
    other = Timetable.from_gtfs(
        write_folder(tmp_path / "b", changed("fare_attributes.txt", "1.50,EUR", "1.5,BRL")), FARES
    )
    assert np.isnan(other.routes["fare_eur"]).all()
    assert "1 × fare rule in BRL, not used: there is no rate to EUR" in other.notices


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, "tram"), (1, "metro"), (2, "rail"), (3, "bus"), (4, "ferry"), (5, "tram"), (7, "funicular"), (11, "bus"),
     (12, "monorail"), (100, "rail"), (109, "rail"), (200, "bus"), (401, "metro"), (405, "monorail"), (700, "bus"),
     (715, "on_demand"), (800, "bus"), (900, "tram"), (1000, "ferry"), (1100, "air"), (1200, "ferry"),
     (1300, "cableway"), (1400, "funicular"), (1501, "on_demand"), (1702, "other"),
     (8, None), (13, None), (99, None), (300, None), (1800, None)],
)  # fmt: skip
def test_kinds_of_vehicle(number: int, kind: str | None) -> None:
    assert kind_of(number) == kind


def test_an_unknown_kind_is_an_error_and_odd_ones_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="route_type 13 is no type of GTFS"):
        read_gtfs(write_folder(tmp_path / "a", changed("routes.txt", "Third,700", "Third,13")))
    table = Timetable.from_gtfs(write_folder(tmp_path / "b", changed("routes.txt", "Third,700", "Third,4")), FARES)
    assert "1 × route by ferry, which counts as a bus" in table.notices
    metro = Timetable.from_gtfs(write_folder(tmp_path / "c", changed("routes.txt", "Third,700", "Third,500")), FARES)
    assert metro.routes["mode"].tolist() == ["bus", "train", "train"]
    assert {"rail", "metro"} <= TRAIN_KINDS


def test_lengths_are_those_of_the_line(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path))
    dist = feed.stop_times.loc[feed.stop_times["trip_id"] == "t1", "dist_m"].to_numpy()
    legs = great_circle_m([24.0, 24.1], [56.5, 56.5], [24.1, 24.2], [56.5, 56.6])
    assert np.diff(dist) == pytest.approx(legs, rel=2e-3)


@pytest.mark.parametrize(("unit", "scale"), [("m", 1.0), ("km", 1e-3), ("mile", 1 / 1609.344), ("foot", 1 / 0.3048)])
def test_distances_in_any_unit_become_metres(unit: str, scale: float, tmp_path: Path) -> None:
    head, *rows = FEED["stop_times.txt"].splitlines()
    metres = {"007": 0.0, "NA": 7000.0, "3": 22000.0, "4": 22000.0}
    kept = [row for row in rows if row.startswith(("t1", "t2", "t4"))]
    lines = [f"{row},{metres[row.split(',')[3]] * scale!r}" for row in kept]
    files = {**without("frequencies.txt"), "stop_times.txt": "\n".join([f"{head},shape_dist_traveled", *lines]) + "\n"}
    feed = read_gtfs(write_folder(tmp_path, files))
    assert feed.stop_times["dist_m"].tolist() == pytest.approx([metres[stop] for stop in feed.stop_times["stop_id"]])
    assert codes(feed).get("gtfs.distance_converted", 0) == (0 if unit == "m" else 3)


def test_distances_that_fall_or_have_no_known_unit_are_not_used(tmp_path: Path) -> None:
    head, *rows = FEED["stop_times.txt"].splitlines()
    for i, (values, code) in enumerate([((0, 9, 5), "gtfs.distance_falls"), ((0, 1e-6, 2e-6), "gtfs.distance_unit")]):
        lines = [f"{row},{values[j] if j < 3 else ''}" for j, row in enumerate(rows)]
        files = {**without("shapes.txt"), "stop_times.txt": "\n".join([f"{head},shape_dist_traveled", *lines]) + "\n"}
        feed = read_gtfs(write_folder(tmp_path / str(i), files))
        assert codes(feed)[code] == 1
        assert feed.stop_times["dist_m"].isna().all()


def test_a_line_that_passes_twice_is_followed_in_order() -> None:
    """Out and back on the same street: the stop on the way back lies beyond the turn."""
    lat, lon = np.zeros(3), np.array([0.0, 0.1, 0.0])
    found = along_m(lat, lon, np.zeros(3), np.array([0.02, 0.09, 0.02]))
    assert found is not None
    metre = np.radians(1) * 6_371_008.8
    assert found == pytest.approx([0.0, 0.07 * metre, 0.16 * metre])
    assert along_m(lat, lon, np.array([0.0, 1.0]), np.array([0.0, 0.1])) is None
    assert along_m(lat[:1], lon[:1], lat[:2], lon[:2]) is None


FLEX = {
    **FEED,
    "trips.txt": FEED["trips.txt"] + "r3,week,d1,0,\nr3,week,d2,0,\n",
    "stop_times.txt": "\n".join(
        f"{row},location_id,location_group_id,start_pickup_drop_off_window,end_pickup_drop_off_window,pickup_booking_rule_id"
        if i == 0
        else f"{row},,,,,"
        for i, row in enumerate(FEED["stop_times.txt"].splitlines())
    )
    + "\nd1,,,,1,2,1,area,,08:00:00,18:00:00,b1\nd1,,,,2,1,2,,grp,08:00:00,18:00:00,b1\n"
    "d2,6:00:00,6:00:00,007,1,,,,,,,\nd2,,,,2,2,2,area,,06:10:00,06:50:00,\nd2,7:00:00,7:00:00,NA,3,,,,,,,\n",
    "booking_rules.txt": "booking_rule_id,booking_type,prior_notice_duration_min\nb1,1,60\n",
    "location_groups.txt": "location_group_id,location_group_name\ngrp,Group\n",
    "location_group_stops.txt": "location_group_id,stop_id\ngrp,NA\ngrp,007\n",
    "locations.geojson": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": "area",
                    "properties": {"stop_name": "x"},
                    "geometry": {"type": "Polygon", "coordinates": [[[24, 56], [24.1, 56], [24.1, 56.1], [24, 56]]]},
                }
            ],
        }
    ),
}


def test_services_on_demand_stand_apart(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, FLEX))
    assert codes(feed)["gtfs.on_demand"] == 3
    rows = feed.on_demand[["trip_id", "area_id", "area_kind", "start_s", "end_s", "booking_type"]].values.tolist()
    assert rows == [
        ["d1", "area", "location", 28800.0, 64800.0, 1],
        ["d1", "grp", "group", 28800.0, 64800.0, 1],
        ["d2", "area", "location", 22200.0, 24600.0, -1],
    ]
    assert feed.on_demand["notice_min"].tolist()[:2] == [60.0, 60.0]
    assert [area["id"] for area in feed.areas] == ["area", "grp"]
    assert feed.areas[1]["properties"] == {"stop_ids": ["007", "NA"]}
    assert set(feed.stop_times["trip_id"]) >= {"d2", "t1"}
    assert "d1" not in set(feed.stop_times["trip_id"])
    Timetable.from_gtfs(tmp_path, FARES)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("locations.geojson", '"id": "area"', '"id": "other"', "“area” is no area and no stop"),
        ("locations.geojson", '"Polygon"', '"Point"', "needs an id of its own and a Polygon"),
        ("locations.geojson", '{"type": "FeatureCollection"', '["x"', "this is not GeoJSON"),
        ("booking_rules.txt", "b1,1,60", "b2,1,60", "“b1” is not in booking_rules.txt"),
        ("stop_times.txt", "area,,08:00:00", "area,,8 am", "“8 am” is not a time"),
        ("location_group_stops.txt", "grp,NA", "grp,NB", "“NB” is not in stops.txt"),
    ],
)
def test_services_on_demand_with_faults(name: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    files = {**FLEX, name: FLEX[name].replace(old, new, 1)}
    with pytest.raises(InputError) as caught:
        read_gtfs(write_folder(tmp_path, files))
    assert words in str(caught.value)


def test_deep_geojson_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is not GeoJSON"):
        read_gtfs(write_folder(tmp_path, {**FLEX, "locations.geojson": "[" * 100_000}))


def test_several_feeds_as_one(tmp_path: Path) -> None:
    paths = [write_folder(tmp_path / "North Bus", FLEX), write_zip(tmp_path / "south.zip")]
    feed = read_gtfs(paths)
    single = [read_gtfs(path) for path in paths]
    assert len(feed.trips) == sum(len(one.trips) for one in single)
    assert len(feed.stop_times) == sum(len(one.stop_times) for one in single)
    names = feed.trips["trip_id"].to_numpy()[feed.stop_times["trip_idx"]]
    assert (names == feed.stop_times["trip_id"]).all()
    assert set(feed.stop_times["stop_id"]) <= set(feed.stops["stop_id"])
    assert "north-bus:007" in set(feed.stops["stop_id"])
    assert "south:007" in set(feed.stops["stop_id"])
    assert feed.services_on(dt.date(2024, 1, 6)) == {"north-bus:sat", "south:sat"}
    assert feed.stops["parent_station"].tolist().count("") == 4
    assert codes(feed)["gtfs.headway_trip"] == 6
    assert feed.fares is not None
    assert feed.fares.ride_amount("south:r1", "south:007", "south:4") == 1.5
    assert set(feed.on_demand["area_id"]) == {"north-bus:area", "north-bus:grp"}
    table = Timetable.from_gtfs(paths, FARES)
    assert table.n_patterns == sum(Timetable.from_gtfs(path, FARES).n_patterns for path in paths)


def test_fares_of_one_feed_do_not_hold_in_another(tmp_path: Path) -> None:
    free = {**FEED, "fare_rules.txt": "fare_id,route_id\nzone,r2\n"}
    paths = [
        write_folder(tmp_path / "a", free),
        write_folder(tmp_path / "b", without("fare_attributes.txt", "fare_rules.txt")),
    ]
    fares = read_gtfs(paths).fares
    assert fares is not None
    assert fares.ride_amount("a:r1", "a:007", "a:4") == 1.5
    assert np.isnan(fares.ride_amount("b:r1", "b:007", "b:4"))


def test_feeds_of_one_name_and_of_other_years(tmp_path: Path) -> None:
    paths = [write_folder(tmp_path / f"{i}" / "gtfs") for i in range(3)]
    feeds = [read_gtfs(path) for path in paths]
    assert prefixes_of(feeds) == ["gtfs:", "gtfs-2:", "gtfs-3:"]
    assert merge_feeds(feeds[:1]) is feeds[0]
    with pytest.raises(InputError, match="no two the same"):
        merge_feeds(feeds[:2], ["x:", "x:"])
    with pytest.raises(InputError, match="no feed"):
        merge_feeds([])
    later = {name: text.replace("2024", "2030") for name, text in FEED.items()}
    other = read_gtfs([paths[0], write_folder(tmp_path / "later", later)])
    assert codes(other)["gtfs.no_common_day"] == 1


def test_rows_of_a_check(tmp_path: Path) -> None:
    rows = check_feed(write_folder(tmp_path))
    values = {row["code"]: row["value"] for row in rows}
    assert values["stops"] == 4
    assert values["trips"] == 11
    assert values["headway_trips"] == values["gtfs.headway_trip"] == 3
    assert values["routes_bus"] == 2
    assert values["days_with_service"] == 366 - 52
    assert values["busiest_date"] == "2024-01-01"
    assert {row["kind"] for row in rows} == {"count", "notice"}
    assert json.loads(json.dumps(rows)) == rows


def test_rows_that_are_written_twice(tmp_path: Path) -> None:
    repeated = added("calendar.txt", "sat,0,0,0,0,0,1,0,20240101,20241231\n")
    repeated["trips.txt"] = FEED["trips.txt"] + "r1,week,t1,0,s1\n"
    feed = read_gtfs(write_folder(tmp_path / "a", repeated))
    assert codes(feed)["gtfs.row_twice"] == 2
    assert same(feed, read_gtfs(write_folder(tmp_path / "b")))


def test_an_agency_without_an_id(tmp_path: Path) -> None:
    files = {**FEED, "agency.txt": "agency_name,agency_url,agency_timezone\nA,https://example.org,Europe/Riga\n"}
    files["routes.txt"] = files["routes.txt"].replace("agency_id,", "").replace(",a,", ",")
    assert read_gtfs(write_folder(tmp_path, files)).routes["agency_id"].tolist() == [""] * 3  # type: ignore[arg-type]


def test_order_of_rows_of_any_file_changes_nothing(tmp_path: Path) -> None:
    a = Timetable.from_gtfs(write_folder(tmp_path / "a"), FARES)
    turned = {}
    for name, text in FEED.items():
        head, *rows = text.splitlines()
        turned[name] = "\n".join([head, *rows[::-1]]) + "\n"
    b = Timetable.from_gtfs(write_folder(tmp_path / "b", turned), FARES)  # type: ignore[arg-type]
    assert a.stops.equals(b.stops)
    assert a.routes.equals(b.routes)
    assert a.notices == b.notices
    assert [x.tolist() for x in a.pattern_stops] == [x.tolist() for x in b.pattern_stops]
    assert [x.tobytes() for x in a.pattern_dist_m] == [x.tobytes() for x in b.pattern_dist_m]
    for day in (0, 1):
        for left, right in zip(a.times[day], b.times[day], strict=True):
            assert np.array_equal(left.depart_s, right.depart_s)
            assert np.array_equal(left.arrive_s, right.arrive_s)
    assert all(np.array_equal(x, y) for x, y in zip(foot_links(a), foot_links(b), strict=True))


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        ("shapes.txt", "s1,56.7,24.3,8\n", "shape_pt_sequence 8 occurs twice in shape “s1”"),
        ("trips.txt", "r1,week,f1@06:00:00,0,\n", "would get the trip_id “f1@06:00:00”, which is taken"),
        ("trips.txt", "r1,sat,t1,0,s1\n", "trip_id “t1” occurs twice"),
        ("agency.txt", "a,B,https://example.org,Europe/Riga\n", "agency_id “a” occurs twice"),
        ("calendar_dates.txt", "week,19691231,1\n", "date 1969-12-31 is before 1970-01-01"),
    ],
)
def test_lines_that_contradict(name: str, lines: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_gtfs(write_folder(tmp_path, added(name, lines)))
    assert words in str(caught.value)


def test_pathways_without_a_time_or_a_place(tmp_path: Path) -> None:
    files = added("stops.txt", "node,Node,,,3,st,\n")
    files["pathways.txt"] += "p4,node,3,1,1,,\np5,en,3,1,1,,\n"  # type: ignore[operator]
    found = codes(read_gtfs(write_folder(tmp_path, files)))
    assert found["gtfs.pathway_unknown"] == 1
    assert found["gtfs.pathway_by_length"] == 2


def test_fares_of_both_versions(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, {**FEED, **FARES_2}))
    assert codes(feed)["gtfs.fares_1_not_used"] == 1
    assert feed.fares is not None
    assert feed.fares.version == 2


def test_every_notice_is_in_the_reference() -> None:
    root = Path(__file__).resolve().parents[3]
    sources = [*(root / "zemsim" / "region" / "gtfs").glob("*.py"), root / "zemsim" / "region" / "archive.py"]
    found = {
        code for path in sources for code in re.findall(r'"((?:gtfs|archive)\.[a-z_0-9]+)"', path.read_text("utf-8"))
    }
    found |= {f"gtfs.trip_{code}" for code, _ in FAULTS}
    found |= {f"gtfs.transfer_{key}" for key in ("by_route", "same_stop", "plain")}
    found |= {f"gtfs.in_seat_{key}" for key in REASONS}
    found |= {f"gtfs.{end}_type_{kind}" for end in ("pickup", "drop_off") for kind in ("none", "arranged")}
    said = set(re.findall(r"`((?:gtfs|archive)\.[a-z_0-9]+)`", (root / "docs/reference/gtfs.md").read_text("utf-8")))
    assert found == said
