"""Figures: the same bytes each time, no way out, nothing lost for a strange name."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.html_outline import outline
from tests.report.sample import sample_inputs
from zemsim.report import figures
from zemsim.report.figures import FIGURES, cost, effects, load, mode_shares, series, spread
from zemsim.report.sources import Inputs
from zemsim.report.svg import ring_path, tame
from zemsim.report.words import Words


def test_seven_figures_and_each_draws(page: str) -> None:
    assert [name for name, _, _ in FIGURES] == ["effect", "effect-car", "co2", "ev", "load", "modes", "cost"]
    assert page.count('class="figure"') == 14


def test_the_load_of_charging_has_all_places_and_a_line_for_each_policy(inputs: Inputs) -> None:
    svg = load(inputs.results, Words("en"), "l-")
    assert svg is not None
    texts = [text.strip() for text in outline(svg).text if text.strip()]
    assert {"Home (baseline)", "Work", "Public, slow", "Public, fast", "Hour of the day"} <= set(texts)
    assert {str(i) for i in range(9)} <= set(texts)
    kw = inputs.results.load_by_hour("winter weekday")
    assert kw.shape == (24, 9 * 5)
    assert kw["baseline", "home"].iloc[18] == pytest.approx(900.0, rel=0.05)
    assert inputs.results.load_by_hour("summer weekend").empty


def test_the_same_bytes_and_ids_of_their_own(inputs: Inputs) -> None:
    once = cost(inputs.results, Words("lv"), "lv-cost-")
    assert once == cost(inputs.results, Words("lv"), "lv-cost-")
    assert once is not None
    assert all(value.startswith("lv-cost-") for _, name, value in outline(once).attributes if name == "id")
    assert "style=" not in once
    assert "<style" not in once
    assert "metadata" not in once
    assert "http" not in once


def test_mathtext_and_long_names_are_plain_text(tmp_path) -> None:  # type: ignore[no-untyped-def]
    begin = time.perf_counter()
    for payload in ("$\\frac{1}{2}$", "$", "x" * 10_000, "a\nb\rc", "\\$5"):
        odd = sample_inputs(tmp_path, name=lambda name, payload=payload: payload + name)
        svg = effects(odd.results, Words("en"), "e-")
        assert svg is not None
        text = "".join(outline(svg).text)
        assert payload[:40].replace("\n", " ").replace("\r", " ") in text or payload == "\\$5"
    assert time.perf_counter() - begin < 25


def test_an_unclear_effect_is_hollow(inputs: Inputs) -> None:
    svg = effects(inputs.results, Words("en"), "e-")
    assert svg is not None
    assert figures.ACCENT in svg
    assert "fill:" not in svg
    marks = re.findall(r'fill="#ffffff"[^>]*', svg)
    assert any("stroke" in mark and figures.MUTED in mark for mark in marks)


def test_policies_are_numbered_not_only_coloured(inputs: Inputs) -> None:
    svg = series(inputs.results, Words("en"), "s-", "co2_wtw_kg_year", "figure_co2_alt")
    assert svg is not None
    texts = [text.strip() for text in outline(svg).text if text.strip()]
    assert {str(i) for i in range(9)} <= set(texts)
    styles = [figures.line_style(policy) for policy in inputs.results.policies]
    assert len({(s["color"], s["marker"]) for s in styles[1:]}) == 8


def test_no_indicator_no_figure(inputs: Inputs) -> None:
    results = type(inputs.results)(
        inputs.results.manifest,
        inputs.results.indicators.iloc[:0],
        inputs.results.headline[["policy"]],
    )
    words = Words("en")
    assert mode_shares(results, words, "a-") is None
    assert cost(results, words, "a-") is None
    assert effects(results, words, "a-") is None
    assert series(results, words, "a-", "ev_share", "figure_ev_alt") is None
    assert load(results, words, "a-") is None


@given(st.lists(st.floats(-100, 100), max_size=12), st.floats(0.01, 10))
def test_spread_labels_keep_their_order_and_distance(positions: list[float], gap: float) -> None:
    out = spread(positions, gap)
    order = np.argsort(positions, kind="stable")
    assert all(b - a >= gap * (1 - 1e-6) for a, b in zip(np.array(out)[order], np.array(out)[order][1:], strict=False))
    if positions:
        assert np.mean(out) == pytest.approx(np.mean(positions), abs=1e-6)


def test_spread_leaves_what_has_room() -> None:
    assert spread([0.0, 5.0, 10.0], 1.0) == [0.0, 5.0, 10.0]


def test_a_figure_that_refers_outside_is_refused() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="https://x.example/a.png"/></svg>'
    with pytest.raises(ValueError, match="refers to"):
        tame(svg, "a-", "title")


def test_tame_turns_styles_into_attributes_and_escapes_the_title() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9pt"><style>*{}</style>'
        '<path id="p" style="fill: none; stroke: #000000"/><text style="font: bold 9px X, Y">a</text></svg>'
    )
    root = ET.fromstring(tame(svg, "k-", "<b>"))
    path = root.find("path")
    assert path is not None
    assert (path.get("fill"), path.get("stroke"), path.get("id")) == ("none", "#000000", "k-p")
    text = root.find("text")
    assert text is not None
    assert (text.get("font-size"), text.get("font-weight")) == ("9", "bold")
    assert root.findtext("title") == "<b>"
    assert root.get("width") is None


def test_ring_path_is_closed_and_relative() -> None:
    assert ring_path([(0, 0), (10, 0), (10, 5), (10, 5), (0, 5), (0, 0)]) == "M0 0l10 0 0 5-10 0z".replace(
        "5-10", "5 -10"
    )
