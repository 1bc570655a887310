"""The Zemgale pack: totals, roads that are roads, evidence, and the same bytes when it is made again."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from zemsim.core.errors import InputError
from zemsim.region import describe, geo, load_region
from zemsim.region.make.__main__ import make
from zemsim.region.region import embedded_packs

STATUSES = {"reported", "estimate", "assumption"}


@pytest.fixture(scope="module")
def region():
    return load_region("zemgale")


@pytest.fixture(scope="module")
def free_flow(region):
    """Minutes and km from some places to all nodes on the empty road."""
    nodes, links = region.road_nodes, region.road_links
    at = pd.Series(np.arange(len(nodes)), index=nodes["node_id"])
    a, b = at[links["from_node"]].to_numpy(), at[links["to_node"]].to_numpy()
    minutes = (links["length_m"] / 1000 / links["speed_km_h"] * 60).to_numpy()
    graph = coo_matrix((minutes, (a, b)), shape=(len(nodes), len(nodes))).tocsr()

    def between(start: str, end: str) -> float:
        return float(dijkstra(graph, directed=False, indices=at[start])[at[end]])

    return between


def test_population_meets_every_total_to_the_person(region):
    populated = region.zones[region.zones["kind"] == "populated"]
    by_place = populated.groupby("settlement_id")["population"].sum()
    wanted = region.settlements.set_index("settlement_id")["population"]
    assert by_place.sort_index().equals(wanted.sort_index())
    by_area = populated.groupby("municipality")["population"].sum().to_dict()
    assert by_area == region.municipalities.set_index("municipality")["population"].to_dict()
    assert by_area == {
        "Aizkraukles novads": 28618,
        "Bauskas novads": 41755,
        "Dobeles novads": 28517,
        "Jelgava": 54834,
        "Jelgavas novads": 32053,
        "Jēkabpils novads": 39276,
    }
    assert len(region.settlements) == 105
    assert sorted(region.settlements["kind"].value_counts()) == [2, 10, 93]


def test_reported_populations_are_kept(region):
    found = pd.read_csv(region.folder / "facts" / "settlements.csv").set_index("settlement_id")
    reported = found[found["status"] == "reported"]["population"]
    built = region.settlements.set_index("settlement_id")["population"]
    assert built[reported.index].equals(reported)


def test_zones_are_squares_of_the_european_grid(region):
    zones = region.zones[region.zones["kind"] == "populated"]
    assert 1000 <= len(zones) <= 1500
    assert zones["zone_id"].is_unique
    assert (zones["population"] > 0).all()
    assert ((zones["x_m"] - zones["size_m"] / 2) % zones["size_m"] == 0).all()
    assert ((zones["y_m"] - zones["size_m"] / 2) % zones["size_m"] == 0).all()
    size, east, north = zones["size_m"], zones["x_m"] - zones["size_m"] / 2, zones["y_m"] - zones["size_m"] / 2
    named = [f"CRS3035RES{s}mN{int(n)}E{int(e)}" for s, n, e in zip(size, north, east, strict=True)]
    assert named == list(zones["zone_id"])
    assert (zones.loc[zones["area_type"].isin(["city", "town"]), "size_m"] == 1000).all()


def test_zones_do_not_overlap(region):
    zones = region.zones[region.zones["kind"] == "populated"]
    half = zones["size_m"] / 2
    boxes = shapely.box(zones["x_m"] - half, zones["y_m"] - half, zones["x_m"] + half, zones["y_m"] + half)
    assert shapely.union_all(boxes).area == pytest.approx((zones["size_m"].astype(float) ** 2).sum())


def test_people_live_closer_in_the_middle_of_jelgava(region):
    zones = region.zones[region.zones["settlement_id"] == "jelgava"]
    place = region.settlements.set_index("settlement_id").loc["jelgava"]
    far = np.hypot(zones["x_m"] - place["x_m"], zones["y_m"] - place["y_m"])
    assert np.corrcoef(far, zones["population"])[0, 1] < -0.8


def test_jobs_follow_the_facts_and_suffice(region):
    zones = region.zones
    jelgava = zones.loc[zones["municipality"] == "Jelgava", "jobs"].sum()
    assert jelgava == region.fact("commuting.jelgava.jobs_in_jelgava")
    employed = region.fact("labour.zemgale.employed_persons")
    assert 1.02 * employed <= zones["jobs"].sum() <= 1.3 * employed
    riga = zones.loc[zones["settlement_id"] == "riga", "jobs"].iloc[0]
    assert region.fact("commuting.jelgava.residents_working_in_riga") < riga < zones["jobs"].sum() / 4


def test_dwellings_are_near_the_census(region):
    dwellings = region.zones["dwellings_house"].sum() + region.zones["dwellings_flat"].sum()
    occupied = 0.803 * region.fact("housing.zemgale.dwellings_total")
    assert dwellings == pytest.approx(occupied, rel=0.1)
    jelgava = region.zones[region.zones["settlement_id"] == "jelgava"]
    flats = jelgava["dwellings_flat"].sum() / (jelgava["dwellings_flat"] + jelgava["dwellings_house"]).sum()
    assert flats == pytest.approx(0.77, abs=0.005)


def test_gates_are_zones_after_the_populated_ones(region):
    kinds = (region.zones["kind"] == "gate").to_numpy()
    assert not kinds[: kinds.argmax()].any()
    assert kinds[kinds.argmax() :].all()
    assert list(region.zones.loc[kinds, "zone_id"]) == list(region.gates["zone_id"])
    assert (region.gates["beyond_border_km"] > 0).all()
    assert region.zones.index.name == "zone_idx"


def test_no_link_is_shorter_than_the_great_circle(region):
    place = region.road_nodes.set_index("node_id")[["lon", "lat"]]
    links = region.road_links
    a, b = place.loc[links["from_node"]].to_numpy(), place.loc[links["to_node"]].to_numpy()
    straight = geo.great_circle_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    assert (links["length_m"] >= straight).all()


def test_rivers_are_crossed_on_bridges_only(region):
    rivers = pd.read_csv(region.folder / "facts" / "rivers.csv")
    place = region.road_nodes.set_index("node_id")[["x_m", "y_m"]]
    links = region.road_links
    a, b = place.loc[links["from_node"]].to_numpy(), place.loc[links["to_node"]].to_numpy()
    ways = shapely.linestrings(np.stack([a, b], axis=1))
    crossing = np.zeros(len(links), dtype=bool)
    for _, points in rivers.groupby("river"):
        x, y = geo.to_metres(points["lon"], points["lat"])
        crossing |= shapely.intersects(shapely.linestrings(np.column_stack([x, y])), ways)
    assert (crossing == (links["bridge"] == 1)).all()
    assert crossing.sum() == len(pd.read_csv(region.folder / "facts" / "bridges.csv"))


def test_official_lengths_are_kept(region):
    links = region.road_links
    sections = pd.read_csv(region.folder / "facts" / "roads.csv").dropna(subset="official_km")
    reported = links[(links["status"] == "reported")]
    for road, part in sections.groupby("road"):
        assert reported.loc[reported["name"] == road, "length_m"].sum() == pytest.approx(
            1000 * part["official_km"].sum(), rel=0.02
        )


def test_road_length_and_gravel_are_near_the_statistics(region):
    links = region.road_links[region.road_links["road_class"] != "connector"]
    place = region.road_nodes.set_index("node_id")
    outside = place.loc[links["from_node"], "kind"].to_numpy() == "gate"
    outside |= place.loc[links["to_node"], "kind"].to_numpy() == "gate"
    km = links.loc[~outside, "length_m"].sum() / 1000
    assert km == pytest.approx(region.municipalities["roads_km"].sum(), rel=0.15)
    gravel = links.loc[~outside & (links["surface"] == "gravel").to_numpy(), "length_m"].sum() / 1000 / km
    weights = region.municipalities["roads_km"]
    assert gravel == pytest.approx((region.municipalities["gravel_share"] * weights).sum() / weights.sum(), abs=0.1)


@pytest.mark.parametrize(
    ("start", "end", "low", "high"),
    [
        ("s-jelgava", "g-riga", 40, 60),
        ("s-jekabpils", "g-riga", 100, 130),
        ("s-bauska", "g-riga", 55, 75),
        ("s-dobele", "s-jelgava", 20, 35),
        ("s-aizkraukle", "s-jekabpils", 30, 50),
    ],
)
def test_driving_times_are_those_of_the_road(free_flow, start, end, low, high):
    assert low <= free_flow(start, end) <= high


def test_closing_the_bridge_of_jekabpils_parts_the_banks(region):
    nodes, links = region.road_nodes, region.road_links
    at = pd.Series(np.arange(len(nodes)), index=nodes["node_id"])

    def km(open_links: pd.DataFrame) -> float:
        a, b = at[open_links["from_node"]].to_numpy(), at[open_links["to_node"]].to_numpy()
        graph = coo_matrix((open_links["length_m"].to_numpy() / 1000, (a, b)), shape=(len(nodes),) * 2).tocsr()
        return float(dijkstra(graph, directed=False, indices=at["s-jekabpils"])[at["p-krustpils"]])

    assert km(links) < 3
    assert 60 < km(links[links["name"] != "Daugavas tilts Jēkabpilī"]) < 150


def test_every_built_row_says_what_it_rests_on(region):
    for name in ("zones", "settlements", "municipalities", "gates", "road_links", "chargers", "prices"):
        assert set(getattr(region, name)["status"]) <= STATUSES, name
    for path in sorted((region.folder / "facts").glob("*.csv")):
        table = pd.read_csv(path, dtype=str)
        for column in ("source", "licence", "grade", "status"):
            assert table[column].notna().all(), (path.name, column)
    facts = pd.read_csv(region.folder / "facts" / "facts.csv")
    assert facts["fact_id"].is_unique


def test_prices_and_fares_of_the_base_year(region):
    prices = region.prices.set_index("key")
    assert ((prices["low"] <= prices["value"]) & (prices["value"] <= prices["high"])).all()
    # Regional fares of 2025 that the line goes through.
    for km, fare in ((10, 1.00), (242, 11.70)):
        assert region.price("bus_fare_base_eur") + km * region.price("bus_fare_eur_km") == pytest.approx(fare, abs=0.03)
    assert region.price("train_fare_base_eur") + 82 * region.price("train_fare_eur_km") == pytest.approx(3.5, abs=0.5)
    assert region.price("petrol_eur_l") == pytest.approx(1.539 * 1.038, abs=1e-3)


def test_parking_costs_in_the_middle_of_jelgava_and_in_riga(region):
    price = region.parking_eur_h()
    assert price.shape == (len(region.zones),)
    names = region.zones["settlement_id"]
    assert price[names == "riga"].iloc[0] == region.price("parking_riga_eur_h")
    paid = set(names[price > 0])
    assert paid == {"riga", "jelgava"}
    assert 1 <= (price[names == "jelgava"] > 0).sum() < 10


def test_chargers_on_record_and_estimated(region):
    sites = region.chargers
    facts = pd.read_csv(region.folder / "facts" / "charging_sites.csv")
    assert (sites["status"] == "reported").sum() == len(facts)
    inside = sites["zone_id"].isin(region.zones.loc[region.zones["kind"] == "populated", "zone_id"])
    estimated = sites[sites["status"] == "estimate"]
    assert inside[estimated.index].all()
    stock = sites.loc[inside, "points"].sum() / region.settlements["population"].sum() * 1000
    assert region.fact("charging.latvia.public_charging_points") / 1876 < stock + 0.05
    assert 0.2 < stock < 0.4


def test_unknown_keys_name_the_nearest(region):
    for ask, wrong, right in (
        (region.price, "petrol_eur", "petrol_eur_l"),
        (region.assumption, "parking.center_radius_km", "parking.centre_radius_km"),
        (region.fact, "commuting.jelgava.residents_working_in_rigo", "commuting.jelgava.residents_working_in_riga"),
    ):
        with pytest.raises(InputError, match=f"did you mean “{right}”"):
            ask(wrong)


def test_describe_says_how_much_rests_on_what(region):
    found = describe(region)
    assert found["totals"]["population"] == 225_053
    rows = {row["item"]: row for row in found["evidence"]}
    assert set(rows) == {
        "population", "population_in_zones", "jobs", "road_length", "active_ways", "timetable", "charging_points",
        "prices",
    }  # fmt: skip
    assert found["active_ways"] == {"rule": "straight line"}
    assert rows.pop("active_ways")["total"] == 0
    for row in rows.values():
        assert sum(row[f"{status}_share"] for status in STATUSES) == pytest.approx(1.0)
    assert rows["population"]["reported_share"] == pytest.approx(0.535, abs=0.001)
    json.dumps(found, allow_nan=False)


def test_the_pack_is_small_and_lists_its_files(region):
    files = [path for path in region.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 5_000_000
    listed = {resource["path"] for resource in region.package["resources"]} | {"datapackage.json"}
    assert {path.relative_to(region.folder).as_posix() for path in files} == listed


def test_making_the_pack_again_gives_the_same_bytes(region, tmp_path):
    again = tmp_path / "zemgale"
    again.mkdir()
    for name in ("facts", "assumptions"):
        shutil.copytree(region.folder / name, again / name)
    shutil.copy(region.folder / "boundaries.geojson", again)
    make(again)
    before = {path.relative_to(region.folder).as_posix(): path for path in region.folder.rglob("*") if path.is_file()}
    after = {path.relative_to(again).as_posix(): path for path in again.rglob("*") if path.is_file()}
    assert sorted(before) == sorted(after)
    different = [name for name in sorted(before) if before[name].read_bytes() != after[name].read_bytes()]
    assert different == []
    assert load_region(again).digest() == region.digest()


def test_the_embedded_packs_are_found():
    assert "zemgale" in embedded_packs()


def test_order_of_rows_and_columns_does_not_matter(region, tmp_path):
    other = tmp_path / "zemgale"
    shutil.copytree(region.folder, other)
    for path in sorted(other.rglob("*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table = table.sample(frac=1.0, random_state=7)[list(table.columns[::-1])]
        table.to_csv(path, index=False, lineterminator="\n")
    found = load_region(other)
    assert found.digest() == region.digest()
    for name in ("zones", "settlements", "gates", "road_nodes", "road_links", "chargers", "prices", "facts"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(region, name))
    pd.testing.assert_frame_equal(found.assumptions, region.assumptions)


def test_the_digest_sees_every_figure(region, tmp_path):
    other = tmp_path / "zemgale"
    shutil.copytree(region.folder, other)
    path = other / "assumptions" / "region.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.25,0.1,0.5", "0.26,0.1,0.5", 1), encoding="utf-8")
    assert load_region(other).digest() != region.digest()


def test_state_roads_meet_at_nodes(region):
    place = region.road_nodes.set_index("node_id")[["x_m", "y_m"]]
    links = region.road_links
    links = links[links["road_class"].isin(["main", "regional"]) & (links["name"] != "")].reset_index(drop=True)
    a, b = place.loc[links["from_node"]].to_numpy(), place.loc[links["to_node"]].to_numpy()
    ways = shapely.linestrings(np.stack([a, b], axis=1))
    first, second = shapely.STRtree(ways).query(ways, predicate="crosses")
    ends = links[["from_node", "to_node"]].to_numpy()
    apart = [(i, j) for i, j in zip(first, second, strict=True) if not set(ends[i]) & set(ends[j])]
    assert apart == []
