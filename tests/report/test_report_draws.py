"""What the page and the terminal say of intervals where each seed draws parameters, and where none does."""

from __future__ import annotations

import dataclasses
import html
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from tests.report.sample import SEEDS, sample_inputs
from zemsim.report.horizons import horizons
from zemsim.report.map_view import clear_change
from zemsim.report.page import render
from zemsim.report.results import interval_over_seeds
from zemsim.report.sheet import about_intervals
from zemsim.report.sources import Inputs
from zemsim.report.terminal import print_results
from zemsim.report.words import Words, catalogue


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The sample, its seeds with parameters of their own; one has no words, and its name is hostile."""
    found = sample_inputs(tmp_path_factory.mktemp("drawn"))
    values = {"asc_bev": 0.1, "b_<script>": 2.0}
    told: dict[str, Any] = {
        "files": [{"name": "posterior/ev_posterior.csv", "blake2b": "0", "rows": 200}],
        "seeds": {str(seed): {"row": seed, "values": values} for seed in SEEDS},
    }
    manifest = dict(found.results.manifest)
    manifest["experiment"] = {**manifest["experiment"], "behaviour_draws": told}
    return dataclasses.replace(found, results=dataclasses.replace(found.results, manifest=manifest))


@pytest.mark.parametrize("language", ["lv", "en"])
def test_the_page_says_what_its_intervals_hold(inputs: Inputs, drawn: Inputs, language: str) -> None:
    words = Words(language)
    told, usual = (about_intervals(one.results, words, "B") for one in (drawn, inputs))
    assert usual["methods"][3] == words("methods_4")
    assert told["methods"][3] == words("methods_4_draws", files="posterior/ev_posterior.csv")
    assert usual["limits"][0] == words("limits_1")
    assert told["limits"][0] == words("limits_1_draws", drawn=f"{words('drawn_asc_bev')}, b_<script>")
    assert usual["findings_note"] == words("findings_note", baseline="B")
    assert told["findings_note"] == words("findings_note_draws", baseline="B")
    assert told["methods"][:3] == usual["methods"][:3]
    assert told["limits"][1:] == usual["limits"][1:]


def test_the_page_shows_them_and_escapes_names(drawn: Inputs) -> None:
    page = render(drawn, ["en"])
    assert "b_<script>" not in page
    assert "b_&lt;script&gt;" in page
    words = Words("en")
    for text in (words("methods_4_draws", files="posterior/ev_posterior.csv"), words("methods_1")):
        assert text in html.unescape(page)
    assert "each seed has its own set of model parameters, the same under every policy" in page


def test_the_terminal_says_it_too(inputs: Inputs, drawn: Inputs) -> None:
    said = []
    for one in (drawn, inputs):
        stream = io.StringIO()
        print_results(one.results, "en", Console(file=stream, width=100))
        said.append(" ".join(stream.getvalue().split()))
    sentence = "Each seed has its own set of parameters (posterior/ev_posterior.csv)"
    assert sentence in said[0]
    assert sentence not in said[1]


def test_every_drawn_parameter_of_the_package_has_words() -> None:
    from zemsim.behaviour.draws import POSTERIOR, read_draws

    wanted = {f"drawn_{symbol}" for symbol in read_draws([POSTERIOR]).symbols}
    assert wanted == {key for key in catalogue() if key.startswith("drawn_")}


def test_what_is_clear_for_the_mean_need_not_be_for_one_seed(tmp_path: Path) -> None:
    values = {"baseline": pd.DataFrame({"a": np.zeros(4)}), "p": pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]})}
    assert clear_change(values, "p").tolist() == [True]
    assert clear_change(values, "p", of_one=True).tolist() == [False]
    low, high = interval_over_seeds([1.0, 2.0, 3.0, 4.0], of_one=True)
    assert low < 0 < high


def test_effects_at_once_have_the_interval_of_one_seed_too(inputs: Inputs, drawn: Inputs) -> None:
    rows = inputs.results.indicators
    at_once = rows[(rows["policy"] == "fuel") & (rows["year"] == 2030)]
    spread = []
    for one in (inputs, drawn):
        (told,) = horizons(one.results, at_once)
        effects = [effect for effects in told.effects for effect in effects if effect.high > effect.diff]
        assert effects
        spread.append([effect.high - effect.diff for effect in effects])
    np.testing.assert_allclose(spread[1], np.array(spread[0]) * np.sqrt(len(SEEDS) + 1))
