"""The map: squares where they belong, north up, classes around zero."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.report.sample import sample_outline, sample_zones
from zemsim.report.classes import change_breaks, classify_change, classify_level, level_breaks, mark_unclear, round_up
from zemsim.report.map import (
    MIN_RESIDENTS,
    UNIT_M,
    build_geometry,
    map_svg,
    outline_shapes,
    place_points,
    spread_labels,
    to_map,
    zone_squares,
)
from zemsim.report.map_view import change_legend, clear_change, level_legend, paired_change
from zemsim.report.results import interval_over_seeds
from zemsim.report.sources import Inputs, Place
from zemsim.report.words import Words

FLOATS = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=40).map(np.array)


def test_squares_have_their_area_and_place() -> None:
    zones = sample_zones(4)
    squares = zone_squares(zones)
    areas = shapely.area(squares)
    assert areas == pytest.approx(zones["size_m"].to_numpy() ** 2, rel=0.02)
    centres = to_map(zones["x_m"].to_numpy(float), zones["y_m"].to_numpy(float))
    assert shapely.distance(shapely.centroid(squares), shapely.points(centres)).max() < 5


def test_north_is_up_and_east_is_right(inputs: Inputs) -> None:
    assert inputs.place is not None
    frame = build_geometry(inputs.place)
    lon, lat = np.array([24.0, 24.0, 24.5]), np.array([56.4, 56.6, 56.4])
    spots = frame.units(to_map(lon, lat, "EPSG:4326"))
    assert spots[1, 1] < spots[0, 1]
    assert abs(spots[1, 0] - spots[0, 0]) < 5
    assert spots[2, 0] > spots[0, 0]


def test_every_zone_is_drawn_inside_the_frame(inputs: Inputs) -> None:
    assert inputs.place is not None
    frame = build_geometry(inputs.place)
    assert len(frame.paths) == len(frame.zones) == (inputs.place.zones["kind"] == "populated").sum()
    assert all(path.startswith("M") and path.endswith("z") for path in frame.paths)
    starts = np.array([[int(v) for v in re.findall(r"-?\d+", path)[:2]] for path in frame.paths])
    assert (starts >= 0).all()
    assert (starts <= [frame.width, frame.height]).all()


def test_a_zone_beyond_the_outline_is_kept_whole() -> None:
    zones = sample_zones(4)
    outline = sample_outline(zones[zones["municipality"] != "Jelgava"])
    frame = build_geometry(Place(zones, outline))
    assert len(frame.paths) == (zones["kind"] == "populated").sum()
    assert all("l" in path for path in frame.paths)


def test_no_outline_and_no_chargers_still_give_a_map() -> None:
    frame = build_geometry(Place(sample_zones(2)))
    assert frame.outline == []
    assert frame.chargers == []


def test_outline_parts_of_a_municipality_are_joined() -> None:
    zones = sample_zones(4)
    outline = sample_outline(zones)
    shapes = outline_shapes(outline)
    assert outline_shapes(tuple(outline["features"])).keys() == shapes.keys()
    doubled = {"features": [*outline["features"], *outline["features"]]}
    assert outline_shapes(doubled)["Jelgava"].area == pytest.approx(shapes["Jelgava"].area, rel=1e-3)


def test_chargers_far_from_the_region_are_not_drawn(inputs: Inputs) -> None:
    assert inputs.place is not None
    assert inputs.place.chargers is not None
    far = inputs.place.chargers.assign(x_m=inputs.place.chargers["x_m"] + 300_000)
    frame = build_geometry(Place(inputs.place.zones, inputs.place.outline, far))
    assert frame.chargers == []
    assert len(build_geometry(inputs.place).chargers) == 3


def test_only_the_shown_policys_chargers_are_visible(inputs: Inputs) -> None:
    assert inputs.place is not None
    frame = build_geometry(inputs.place)
    points = place_points(frame, [(5_260_000.0, 3_800_000.0)])
    svg = map_svg(
        frame,
        "3" * len(frame.paths),
        "d",
        label="a<b",
        north="Z",
        prefix="x-",
        extra={"1": points, "2": points},
        shown_extra="2",
    )
    assert svg.count("extra-set") == 2
    assert re.search(r'data-policy="1" hidden=""', svg)
    assert not re.search(r'data-policy="2" hidden', svg)
    assert "a&lt;b" in svg
    assert f"M{points[0][0]} {points[0][1] - round(1.4 * max(4, round(frame.width / 210)))}" in svg


def test_the_scale_bar_is_twenty_kilometres(inputs: Inputs) -> None:
    assert inputs.place is not None
    svg = map_svg(
        build_geometry(inputs.place), "3" * len(build_geometry(inputs.place).paths), "d", label="", north="N", prefix=""
    )
    assert f"h{round(20_000 / UNIT_M)}v" in svg


def test_labels_give_way() -> None:
    spots = spread_labels([("Jelgava", 100, 100), ("Jelgavas novads", 110, 102), ("Bauska", 900, 100)], 20)
    assert spots[0] == (100, 100)
    assert spots[1][1] >= 126
    assert spots[2] == (900, 100)


@given(FLOATS)
def test_classes_follow_the_sign(values: np.ndarray) -> None:
    breaks = change_breaks(values)
    assert breaks == sorted(set(breaks))
    assert len(breaks) in (0, 3)
    for value, c in zip(values, classify_change(values, breaks), strict=True):
        if np.isnan(value):
            assert c == "-"
        elif c != "3":
            assert (int(c) > 3) == (value > 0)
        elif breaks:
            assert abs(value) < breaks[0]


@given(FLOATS)
def test_level_classes_rise(values: np.ndarray) -> None:
    classes = classify_level(values, level_breaks(values))
    known = sorted((v, int(c)) for v, c in zip(values, classes, strict=True) if not np.isnan(v))
    assert all(a[1] <= b[1] for a, b in pairwise(known))
    assert all(c == "-" for v, c in zip(values, classes, strict=True) if np.isnan(v))


def test_rounding_up_keeps_two_digits() -> None:
    assert round_up(0.0123) == 0.013
    assert round_up(0.012) == 0.012
    assert round_up(1234.0) == 1300.0
    assert round_up(0.0) == 0.0


def test_legends_name_every_class() -> None:
    rows = change_legend([0.1, 0.5, 2.0], Words("lv"))
    assert [mark for mark, _, _ in rows] == [f"d{i}" for i in range(7)]
    assert rows[0][1] == "< −2,0"
    assert rows[3][1] == "−0,10 … +0,10"
    assert rows[6][1] == "> +2,0"
    assert len(change_legend([], Words("en"))) == 1
    levels = level_legend([1.0, 2.0], Words("en"))
    assert [mark for mark, _, _ in levels] == ["s0", "s1", "s2"]


def test_changes_are_paired_by_seed(inputs: Inputs) -> None:
    assert inputs.place is not None
    places = [str(z) for z in inputs.place.zones["zone_id"][:5]]
    values = inputs.results.by_place("ev_share", places)
    slow = [np.mean([values["fuel"].loc[s, p] - values["baseline"].loc[s, p] for s in (1, 2, 3)]) for p in places]
    assert paired_change(values, "fuel") == pytest.approx(slow)
    assert MIN_RESIDENTS == 10


def seeds(**changes: list[float]) -> dict[str, pd.DataFrame]:
    """A baseline of 5 everywhere and a policy with these changes, by place and seed."""
    table = pd.DataFrame(changes, index=range(1, 1 + len(next(iter(changes.values())))))
    return {"baseline": table * 0 + 5.0, "policy": table + 5.0}


def test_a_change_is_clear_if_its_interval_leaves_out_zero() -> None:
    values = seeds(up=[1.0, 1.25, 1.5], down=[-1.0, -1.25, -1.5], both=[-1.0, 1.0, 1.5], none=[0.0] * 3, one=[0, 0, 1])
    assert clear_change(values, "policy").tolist() == [True, True, False, True, False]
    for place in ("up", "both", "one"):
        low, high = interval_over_seeds((values["policy"] - values["baseline"])[place].tolist())
        clear = clear_change(values, "policy")[list(values["policy"]).index(place)]
        assert bool(clear) == (low > 0 or high < 0)
    assert not clear_change(seeds(up=[1.0], none=[0.0]), "policy").any(), "one seed shows nothing"


def test_unclear_zones_are_hatched_and_hidden_ones_stay_hidden() -> None:
    assert mark_unclear("036-", np.array([True, False, False, False])) == "0uu-"


def test_the_map_and_its_legend_hatch_what_is_unclear(page: str) -> None:
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert any("u" in classes for layer in data["layers"].values() for classes in layer["classes"].values())
    assert not any("u" in layer["classes"][data["baseline"]] for layer in data["layers"].values())
    for language in ("lv", "en"):
        assert f'id="{language}-hatch"' in page
        assert f'id="{language}-hatch-key"' in page
    assert page.count('class="du" x="1"') == 2 * 3
