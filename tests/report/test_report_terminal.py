"""The terminal table fits a hundred columns and prints nothing that a terminal would obey."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.report.sample import sample_inputs
from zemsim.report.results import Results
from zemsim.report.sources import Inputs
from zemsim.report.terminal import failed_checks, print_results
from zemsim.report.words import Words


def printed(inputs: Inputs, language: str = "en", width: int = 100) -> str:
    stream = io.StringIO()
    print_results(inputs.results, language, Console(file=stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize("language", ["lv", "en"])
def test_it_fits_a_hundred_columns(inputs: Inputs, language: str) -> None:
    lines = printed(inputs, language).splitlines()
    assert max(len(line) for line in lines) <= 100
    assert len(lines) < 70


def test_it_has_values_differences_and_intervals(inputs: Inputs) -> None:
    text = printed(inputs)
    effect = inputs.results.effect("fuel", "co2_wtw_kg_year")
    assert f"{effect.value / 1000:,.0f}" in text
    assert f"▼ −{abs(effect.diff) / 1000:,.0f}" in text
    assert f"± {(effect.high - effect.low) / 2000:,.0f}" in text
    assert "≈" in text
    assert "Caution: 1 of 4 checks failed" in text
    assert "✗ gap: Mode changes stay below 0.01. (cases passed: 1/2)" in text
    assert "soc" not in text
    assert "Passenger" in text


def test_one_seed_has_no_legend_of_intervals(tmp_path: Path) -> None:
    one, several = (printed(sample_inputs(tmp_path, seeds=seeds)) for seeds in ((1,), (1, 2)))
    assert "This run has one seed only, so there are no intervals" in one
    assert "±" not in one
    assert "half the width of the 95 % interval" in " ".join(several.split())


def test_failed_checks_are_named_up_to_five_and_counted(inputs: Inputs) -> None:
    given = inputs.results
    checks = [{"check": f"check-{n}", "passed": False, "value": 1.0, "text": f"Number {n}."} for n in range(8)]
    results = Results(given.manifest, given.indicators, given.headline, checks)
    lines = failed_checks(results, Words("en"))
    assert lines[0] == "✗ check-0: Number 0. (cases passed: 0/1)"
    assert len(lines) == 6
    assert lines[-1] == "and 3 more"


def test_names_cannot_command_the_terminal(tmp_path: Path) -> None:
    payload = "\x1b[31m\x1b]0;x\x07\r\n\x9b2J[bold red]markup[/]\u202e"
    text = printed(sample_inputs(tmp_path, name=lambda name: payload + name))
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert "[bold red]" in text


def test_long_names_do_not_widen_it(tmp_path: Path) -> None:
    text = printed(sample_inputs(tmp_path, name=lambda name: name + "x" * 10_000))
    assert max(len(line) for line in text.splitlines()) <= 100
