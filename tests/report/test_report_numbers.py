"""Numbers as planners write them, in both languages."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.core.numbers import change, interval, joined, number, share, signed, with_unit
from zemsim.report.words import indicator


@pytest.mark.parametrize(
    ("value", "decimals", "lv", "en"),
    [
        (1234567.891, 1, "1\u00a0234\u00a0567,9", "1,234,567.9"),
        (-0.5, 1, "−0,5", "−0.5"),
        (-0.04, 1, "0,0", "0.0"),
        (0.0, 0, "0", "0"),
        (2048, 0, "2\u00a0048", "2,048"),
        (math.nan, 2, "–", "–"),
        (math.inf, 2, "–", "–"),
        (None, 0, "–", "–"),
    ],
)
def test_number(value: float | None, decimals: int, lv: str, en: str) -> None:
    assert number(value, decimals, "lv") == lv
    assert number(value, decimals, "en") == en


def test_signs() -> None:
    assert signed(3.14, 1, "lv") == "+3,1"
    assert signed(-3.14, 1, "en") == "−3.1"
    assert signed(0.01, 1, "en") == "0.0"
    assert signed(math.nan) == "–"
    assert change(0.01, 1, "lv") == "+<0,1"
    assert change(-0.01, 1, "en") == "−<0.1"
    assert change(0.0, 1, "en") == "0.0"


def test_units_and_shares() -> None:
    assert share(0.125, 1, "lv") == "12,5\u00a0%"
    assert share(0.125, 1, "en") == "12.5%"
    assert share(None) == "–"
    assert with_unit("–", "km") == "–"
    assert with_unit("3", "") == "3"
    assert indicator("car_km_year").value(1.2e9, "lv", unit=True) == "1\u00a0200,0\u00a0milj. km gadā"
    assert indicator("ev_share").change(-0.031, "en", unit=True) == "−3.1\u00a0pp"


def test_intervals() -> None:
    assert interval(-1.2, 0.4, 1, "lv") == "−1,2\u00a0…\u00a0+0,4"
    assert interval(math.nan, 1.0) == ""
    assert interval(None, 1.0) == ""
    assert interval(-0.01, 0.01, 1) == ""


def test_lists() -> None:
    assert joined([]) == ""
    assert joined(["a"], "en") == "a"
    assert joined(["a", "b", "c"], "lv") == "a, b un c"
    assert joined(["a", "b"], "en") == "a and b"


@given(st.floats(-1e12, 1e12), st.integers(0, 4), st.sampled_from(["lv", "en"]))
def test_what_is_written_reads_back(value: float, decimals: int, language: str) -> None:
    text = number(value, decimals, language)
    point, thousands = {"lv": (",", "\u00a0"), "en": (".", ",")}[language]
    back = float(text.replace(thousands, "").replace(point, ".").replace("−", "-"))
    assert back == pytest.approx(round(value, decimals), abs=10.0**-decimals / 1e6, rel=1e-12)
