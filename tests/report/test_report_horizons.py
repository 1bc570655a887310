"""The section of the page about the two horizons: differences of the same seeds, in both languages; none without."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

from zemsim.report.horizons import COLUMNS, horizons, section
from zemsim.report.page import render
from zemsim.report.results import Results
from zemsim.report.sources import Inputs
from zemsim.report.words import Words

#: Share of the long-run effect that the invented short run has.
_PART = 0.25


def short_of(results: Results, policy: str, year: int, seeds: tuple[int, ...]) -> pd.DataFrame:
    """A short run with a part of a policy's effect of the year."""
    rows = results.indicators
    rows = rows[(rows["place"] == "region") & (rows["year"] == year) & rows["seed"].isin(seeds)]
    keys = ["seed", "year", "indicator", "unit", "group", "place"]
    mine, base = (rows[rows["policy"] == name].set_index(keys)["value"] for name in (policy, "baseline"))
    value = (base + _PART * (mine - base)).dropna()
    return value.reset_index().assign(policy=policy)


@pytest.fixture(scope="module")
def short(inputs: Inputs) -> pd.DataFrame:
    """Of two policies, and of the first seed."""
    parts = [short_of(inputs.results, policy, 2030, (1,)) for policy in ("fuel", "fares")]
    return pd.concat(parts, ignore_index=True)


def at(found: list[Any], policy: str) -> Any:
    return next(one for one in found if one.policy.id == policy)


def test_effects_are_paired_differences_of_the_seeds_of_the_short_run(inputs: Inputs, short: pd.DataFrame) -> None:
    told = at(horizons(inputs.results, short), "fuel")
    km = [column.title for column in COLUMNS].index("car_km_year")
    rows = inputs.results.indicators
    rows = rows[(rows["indicator"] == "car_km_year") & (rows["place"] == "region") & (rows["seed"] == 1)]
    value = rows.pivot_table(index="year", columns="policy", values="value")
    difference = value["fuel"] - value["baseline"]
    assert (told.year, told.last) == (2030, 2035)
    found = [effects[km].diff for effects in told.effects]
    assert found == pytest.approx([_PART * difference[2030], difference[2030], difference[2035]])
    assert not any(effect.has_interval for effects in told.effects for effect in effects)


def test_shares_of_groups_of_modes_are_sums(inputs: Inputs, short: pd.DataFrame) -> None:
    told = at(horizons(inputs.results, short), "fares")
    transit = [column.title for column in COLUMNS].index("share_transit")
    rows = inputs.results.indicators
    rows = rows[(rows["indicator"] == "mode_share") & (rows["place"] == "region")]
    rows = rows[(rows["seed"] == 1) & (rows["year"] == 2035) & rows["group"].isin(["bus", "train"])]
    share = rows.groupby("policy")["value"].sum()
    assert told.effects[-1][transit].diff == pytest.approx(share["fares"] - share["baseline"])


def test_the_page_has_the_section_in_both_languages_with_its_seeds(inputs: Inputs, short: pd.DataFrame) -> None:
    page = render(dataclasses.replace(inputs, short_run=short))
    for words in (Words("lv"), Words("en")):
        assert f">{words('horizons_heading')}</h2>" in page
        assert words("horizon_short", year=2030) in page
        assert words("horizon_long", year=2035) in page
        assert words("horizons_seeds", seeds="1", total=3) in page
        assert words("horizons_one_seed") in page
    assert page.count('scope="rowgroup"') == 4


def test_a_run_without_a_short_run_has_no_such_section(inputs: Inputs, page: str) -> None:
    heading = Words("en")("horizons_heading")
    assert heading not in page
    assert section(inputs.results, None, Words("en")) is None
    assert section(inputs.results, pd.DataFrame(), Words("en")) is None


def test_all_seeds_give_intervals_and_other_words(inputs: Inputs) -> None:
    found = section(inputs.results, short_of(inputs.results, "fuel", 2030, (1, 2, 3)), Words("en"))
    assert found is not None
    assert found["note"].startswith(Words("en")("horizons_all_seeds", seeds="1, 2 and 3"))
    assert Words("en")("horizons_interval") in found["note"]
    assert "Not told at once" in found["note"]
    (policy,) = found["policies"]
    assert [len(row["cells"]) for row in policy["rows"]] == [len(COLUMNS)] * 3
    assert policy["rows"][1]["cells"][0]["ci"].startswith("[")


@pytest.mark.parametrize(("part", "key"), [(0.9, "horizons_quick"), (0.25, "horizons_slow"), (-0.2, "horizons_turns")])
def test_words_say_how_much_is_there_at_once(
    inputs: Inputs, part: float, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.report.test_report_horizons._PART", part)
    found = section(inputs.results, short_of(inputs.results, "fuel", 2030, (1,)), Words("en"))
    assert found is not None
    assert found["findings"] == [Words("en")(key, names="“Fuel 30 % dearer”", last=2035)]


def test_a_year_that_is_the_last_one_has_two_rows(inputs: Inputs) -> None:
    found = section(inputs.results, short_of(inputs.results, "fuel", 2035, (1,)), Words("lv"))
    assert found is not None
    assert [row["when"] for row in found["policies"][0]["rows"]] == ["uzreiz, 2035", "ilgtermiņā, 2035"]
