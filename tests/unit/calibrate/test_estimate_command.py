"""`zemsim estimate` on the files of the how-to page: what it prints and writes, and that an experiment takes it up."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from tests.unit.calibrate import made_up_survey
from tests.unit.calibrate.surveys import MODEL, survey, write
from zemsim.behaviour.parameters import load_parameters
from zemsim.calibrate.logit.estimation import estimate
from zemsim.calibrate.logit.transfer import parameter_file
from zemsim.cli import cli
from zemsim.experiment.experiment import load_experiment

PAGE = made_up_survey.PATH.with_name("estimate-a-mode-model.md")
SURVEY, TOML = str(made_up_survey.PATH), str(made_up_survey.PATH.with_suffix(".toml"))

EXPERIMENT = """
[experiment]
id = "example"
title = { lv = "-", en = "-" }
region = "zemgale"
years = [2024, 2025]
days_in = [2024]
seeds = 1
[[policy]]
id = "baseline"
title = { lv = "-", en = "-" }
"""


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["estimate", *args], catch_exceptions=False)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the command prints and writes about the made-up survey."""
    out = tmp_path_factory.mktemp("estimates") / "estimates.toml"
    done = run(SURVEY, "--model", TOML, "--out", str(out))
    assert done.exit_code == 0
    return done.stdout, out


def test_the_survey_is_what_its_script_draws() -> None:
    assert made_up_survey.PATH.read_text(encoding="utf-8") == made_up_survey.text()


def test_the_page_shows_what_is_printed(written: tuple[str, Path]) -> None:
    block = PAGE.read_text(encoding="utf-8").partition("## 3.")[2].split("```\n")[1]
    assert len(block.splitlines()) == 8
    assert [line for line in block.splitlines() if line not in written[0].splitlines()] == []


def test_the_page_quotes_the_model_file() -> None:
    quoted = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)
    assert quoted is not None
    for table in quoted[1].strip().split("\n\n"):
        assert table in Path(TOML).read_text(encoding="utf-8")


def test_estimates_find_what_the_survey_was_drawn_with(written: tuple[str, Path]) -> None:
    """Five standard errors: a right program fails in one of 300,000 seeds, and the seed is fixed."""
    rows = tomllib.loads(written[1].read_text(encoding="utf-8"))["estimate"]
    known = {name: rows[name] for name in made_up_survey.TRUTH if name in rows and not rows[name]["fixed"]}
    assert len(known) == 10
    for name, row in known.items():
        assert abs(row["value"] - made_up_survey.TRUTH[name]) < 5 * row["std_error"], name


def test_an_experiment_takes_the_estimates_up(written: tuple[str, Path], tmp_path: Path) -> None:
    found = tomllib.loads(written[1].read_text(encoding="utf-8"))
    text = written[1].read_text(encoding="utf-8")
    behaviour = text[text.index("\n[behaviour]") : text.index("\n[estimation]")]
    (tmp_path / "experiment.toml").write_text(EXPERIMENT + behaviour, encoding="utf-8")
    asked = load_experiment(tmp_path)
    assert asked.behaviour == found["behaviour"]
    assert {"b_cost", "b_walk", "lam_car", "k_ebike", "asc_ebike_minus_bike"} <= set(asked.behaviour)
    changed = load_parameters().with_values(asked.behaviour)
    assert changed["b_cost"] == found["estimate"]["b_cost"]["value"]


def test_the_file_says_of_each_estimate_whether_it_is_taken(written: tuple[str, Path]) -> None:
    found = tomllib.loads(written[1].read_text(encoding="utf-8"))
    rows = found["estimate"]
    assert {name for name, row in rows.items() if row["taken"]} == set(found["behaviour"])
    assert rows["b_ebike"]["why_not_taken"] == "the model has no parameter of this name"
    assert rows["b_wait"]["why_not_taken"] == "was given, not estimated"
    assert rows["value of time by car, EUR/h"]["taken"] is False
    assert found["estimation"]["cases"] == made_up_survey.TOURS
    assert re.fullmatch("[0-9a-f]{64}", found["estimation"]["data_sha256"])


def test_json_has_the_figures_of_the_file(written: tuple[str, Path]) -> None:
    done = run(SURVEY, "--model", TOML, "--json")
    said = json.loads(done.stdout)
    found = tomllib.loads(written[1].read_text(encoding="utf-8"))
    assert said["converged"] is True
    assert said["log_likelihood"] == found["estimation"]["log_likelihood"]
    assert {row["name"]: row["value"] for row in said["rows"]} == {k: v["value"] for k, v in found["estimate"].items()}
    fixed = next(row for row in said["rows"] if row["name"] == "b_wait")
    assert (fixed["fixed"], fixed["std_error"], fixed["t"], fixed["taken"]) == (True, None, None, False)


def test_no_maximum_ends_with_3_and_writes_nothing(tmp_path: Path) -> None:
    table = survey(200, seed=3)
    cases = table.loc[(table["chosen"] == 1) & (table["mode"] != "bus"), "case"]
    data, model = write(tmp_path, table[table["case"].isin(cases)], MODEL)
    out = tmp_path / "out.toml"
    done = run(str(data), "--model", str(model), "--out", str(out))
    assert done.exit_code == 3
    assert "warning: this is no estimate: no finite maximum: asc_bus" in done.stdout
    assert not out.exists()
    assert json.loads(run(str(data), "--model", str(model), "--json").stdout)["converged"] is False


def test_what_is_out_of_range_or_in_another_form_is_not_taken(tmp_path: Path) -> None:
    table: pd.DataFrame = survey(400, seed=3)
    model = MODEL.replace('"b_time"', '"b_car"').replace('column = "cost_eur"', 'column = "cost_eur"\nscale = 100.0')
    found = tomllib.loads(parameter_file(estimate(*write(tmp_path, table, model))))
    assert found["behaviour"] == {}
    assert found["estimate"]["b_cost"]["why_not_taken"].startswith("must lie from -0.45 to -0.25 utils/EUR, got -0.00")
    nest = '\n[[nest]]\nname = "car"\nalternatives = ["car", "lift"]\nscale = "lam_car"\n'
    greene = MODEL.replace("\n[data]", 'nest_form = "not_normalised"\n\n[data]') + nest
    found = tomllib.loads(parameter_file(estimate(*write(tmp_path, table, greene))))
    assert found["behaviour"] == {}
    assert {row["why_not_taken"] for row in found["estimate"].values()} == {
        "the model's nests are in the utility-consistent form"
    }


def test_a_file_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["estimate", SURVEY, "--model", TOML, "--out", str(tmp_path / "no" / "where.toml")])
    assert done.exit_code == 74
    assert "cannot write" in done.stderr


def test_faults_end_with_65(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["estimate", SURVEY, "--model", str(tmp_path / "model.toml")])
    assert done.exit_code == 65
    assert done.stdout == ""
    assert done.stderr == f"{tmp_path / 'model.toml'}: no such file\n"
