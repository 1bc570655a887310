"""Every fault of every key is one clear message with file, line and key, and exit 65; never a traceback."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.bad_inputs.config.config_faults import Fault, faults, message_lines
from tests.bad_inputs.config.config_samples import MEASURES, Writer, experiment, measure
from zemsim.cli import cli
from zemsim.core.settings import check, parse_document
from zemsim.experiment.settings import ExperimentFile
from zemsim.policy.levers import LEVERS


def validate(path: Path) -> Result:
    return CliRunner().invoke(cli, ["validate", str(path)])


@functools.cache
def all_faults() -> tuple[Fault, ...]:
    return tuple(faults())


def test_there_is_a_fault_of_every_key_of_every_lever() -> None:
    used: dict[str, set[str]] = {}
    for position, own in enumerate(MEASURES):
        used.setdefault(own["lever"], set()).update(measure(position))
    assert used == {name: set(kind.model_fields) for name, kind in LEVERS.items()}
    names = [fault.name for fault in all_faults()]
    assert len(set(names)) == len(names)
    assert len(names) > 1500


@pytest.mark.parametrize("position", range(len(MEASURES)))
def test_the_samples_are_in_order(position: int) -> None:
    settings = check(parse_document(Writer(experiment(measure(position))).text), ExperimentFile)
    assert settings.policy[1].measure[0].lever == MEASURES[position]["lever"]


@pytest.mark.parametrize("number", range(20))
def test_every_fault_names_file_line_and_key(number: int, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    for fault in all_faults()[number::20]:
        written = Writer(fault.document)
        path.write_text(written.text, encoding="utf-8")
        result = validate(path)
        assert result.exit_code == 65, (fault.name, result.output)
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        found = message_lines(result.stderr, str(path))
        assert found, (fault.name, result.stderr)
        assert len(found) == len(result.stderr.splitlines()), (fault.name, result.stderr)
        depth = len(fault.line_of)
        lines = {line for loc, line in written.line.items() if loc[:depth] == fault.line_of} if depth else {1}
        if fault.name.endswith("missing"):
            lines = {written.line[fault.line_of]}
        named = [text for at, text in found if at in lines and fault.key in text]
        assert named, (fault.name, lines, result.stderr)
        if fault.right is not None:
            assert any(f"“{fault.right}”" in text for text in named), (fault.name, result.stderr)


def test_all_faults_of_a_file_are_reported_in_one_pass(tmp_path: Path) -> None:
    document = experiment(measure(3))
    document["experiment"]["seeds"] = 0
    document["experiment"]["seesons"] = document["experiment"].pop("seasons")
    document["policy"][1]["measure"][0]["price_eur_kw"] = document["policy"][1]["measure"][0].pop("price_eur_kwh")
    document["policy"][1]["measure"][0]["power_kw"] = 240
    document["policy"][1]["measure"][0]["grade"] = "reportd"
    path = tmp_path / "bad.toml"
    written = Writer(document)
    path.write_text(written.text, encoding="utf-8")
    found = message_lines(validate(path).stderr, str(path))
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert [text for _, text in found] == [
        "experiment.seeds: must be from 1 to 1000, got 0 - allowed 1 to 1000; "
        "How many seeds, or a list of them; the same for every policy",
        "experiment.seesons: unknown key “seesons” - did you mean “seasons”?",
        "policy[2].measure[1].grade: unknown value “reportd” - did you mean “reported”?",
        "policy[2].measure[1].power_kw: must be at most 43, got 240 - allowed 2 to 43; in kilowatt; Power of one point",
        "policy[2].measure[1].price_eur_kw: unknown key “price_eur_kw” - the unit is part of the name: "
        "write “price_eur_kwh” (euro per kilowatt hour)",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"headway_min": {"weekday_mornings": 15}},
            "headway_min.weekday_mornings: unknown key “weekday_mornings” - did you mean “weekday_morning”? allowed: "
            "weekday_afternoon, weekday_evening, weekday_midday, weekday_morning, weekend_day, weekend_late",
        ),
        (
            {"headway_min": {"peak": 15}},
            "headway_min.peak: unknown key “peak” - known: weekday_afternoon, weekday_evening, weekday_midday, "
            "weekday_morning, weekend_day, weekend_late",
        ),
        ({"hours": "06:00-21:00"}, "hours: must be a table, got “06:00-21:00” - keys: first, last; First and last"),
        ({"hours": {"from": "06:00", "last": "21:00"}}, "hours.from: unknown key “from” - "),
        (
            {"cost_eur_per_vehicle_km": -1},
            "cost_eur_per_vehicle_km: must be at least 0, got -1 - allowed 0 to 100; in euro per vehicle-km; Cost of",
        ),
        (
            {"cost_eur_per_vehicle_hour": 30},
            "cost_eur_per_vehicle_hour: unknown key “cost_eur_per_vehicle_hour” - the unit is part of the name: write "
            "“cost_eur_per_vehicle_km” (euro per vehicle-km)",
        ),
    ],
)
def test_a_new_line_is_told_its_keys_and_units(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    position = next(k for k, own in enumerate(MEASURES) if own["lever"] == "new_line")
    line = {**measure(position), **change}
    path = tmp_path / "bad.toml"
    path.write_text(Writer({"measure": [line]}).text, encoding="utf-8")
    assert f"measure[1].{words}" in validate(path).stderr


@pytest.mark.parametrize("key", ["measure", "policy"])
def test_a_fault_in_the_only_table_of_a_list_does_not_make_the_list_empty(key: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    document = experiment(measure(3))
    document["policy"] = document["policy"][1:]
    faulty = document["policy"][0]["measure"][0]
    faulty["power_kw"] = 240
    path.write_text(Writer({"measure": [faulty]} if key == "measure" else document).text, encoding="utf-8")
    (message,) = message_lines(validate(path).stderr, str(path))
    assert "power_kw: must be at most 43, got 240" in message[1]


@pytest.mark.parametrize("text", ["measure = []", "policy = []\nexperiment = 1"])
def test_an_empty_list_is_said_to_be_empty(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text + "\n", encoding="utf-8")
    assert f"bad.toml:1: {text.split()[0]}: must not be empty" in validate(path).stderr


def test_a_measure_outside_a_policy_is_told_where_it_belongs(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(Writer(experiment() | {"measure": [measure(3)]}).text, encoding="utf-8")
    (message,) = message_lines(validate(path).stderr, str(path))
    assert message[1] == (
        "measure: unknown key “measure” - it stands in “policy”: write [[policy.measure]] below its [[policy]]"
    )


def test_a_flood_of_faults_is_cut_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    document = experiment(measure(3))
    document["experiment"].update({f"key_{number}": number for number in range(3000)})
    path.write_text(Writer(document).text, encoding="utf-8")
    result = validate(path)
    assert result.exit_code == 65
    assert len(result.stderr.splitlines()) == 61
    assert "and 2,940 more faults" in result.stderr


def test_the_process_ends_with_the_exit_code_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "slikts ceļš.toml"
    document = experiment(measure(3))
    document["policy"][1]["measure"][0]["price_eur_kwh"] = -1
    path.write_text(Writer(document).text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "zemsim", "validate", str(path)], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (65, "")
    assert done.stderr.startswith(f"{path}:")
    assert "price_eur_kwh: must be at least 0, got -1" in done.stderr
    assert "Traceback" not in done.stderr
