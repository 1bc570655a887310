"""`zemsim backtest`: JSON in the agreed shape, one line a row, exit code 3 for a case outside its band."""

from __future__ import annotations

import json

from click.testing import CliRunner

from tests.backtest.conftest import Write
from zemsim.calibrate.backtest.rows import parameters_digest, words
from zemsim.cli import cli
from zemsim.core.errors import EXIT_SOME_FAILED

OUTSIDE = ("low = 0, high = 1e12", "low = 0, high = 1")
SOME = {"test", "value", "low", "high", "source", "passed"}


def test_json_has_rows_and_a_failed_case_ends_with_3(write: Write) -> None:
    inside, outside = write(), write(OUTSIDE, ('id = "small"', 'id = "outside"'), name="outside.toml")
    result = CliRunner().invoke(cli, ["backtest", str(inside), str(outside), "--seeds", "1", "--json"])
    found = json.loads(result.stdout)
    assert result.exit_code == EXIT_SOME_FAILED
    assert found["passed"] is False
    assert found["parameters"] == parameters_digest()
    good, bad = found["rows"]
    assert set(good) >= SOME
    assert (good["passed"], bad["passed"]) == (True, False)
    assert good["test"] == "small: -"
    assert good["value"] == bad["value"] > 0
    assert {row["parameters"] for row in found["rows"]} == {parameters_digest()}


def test_the_table_names_the_verdict_in_words(write: Write) -> None:
    result = CliRunner().invoke(cli, ["backtest", str(write(OUTSIDE)), "--seeds", "1", "--lang", "lv"])
    assert result.exit_code == EXIT_SOME_FAILED
    assert words("failed", "lv") in result.stdout
    assert parameters_digest()[:8] in result.stdout
    assert words("summary", "lv", cases=1, rows=1, passed=0, failed=1, cannot=0) in result.stdout
    assert "small: " in result.stderr


def test_a_fault_of_a_file_ends_the_command(write: Write) -> None:
    result = CliRunner().invoke(cli, ["backtest", str(write(('id = "small"', 'id = "Small"')))])
    assert result.exit_code != 0
    assert "case.id" in str(result.exception) or "case.id" in result.output
