"""The command line: what it prints, where, with which exit code, and what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import zemsim
from zemsim import cli as cli_module
from zemsim.cli import cli
from zemsim.core.errors import BusyError, InputError, InputErrors, OutputError

HEAVY = ("numpy", "pandas", "numba", "mesa", "scipy", "matplotlib", "pydantic", "rich")


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


@pytest.mark.parametrize(
    "args",
    [
        ("--help",),
        ("-h",),
        *((name, "--help") for name in ("run", "validate", "compare", "report", "explain", "parameters")),
        *((group, name, "--help") for group, name in (("region", "list"), ("region", "show"), ("region", "check"))),
        ("measures", "list", "--help"),
        ("measures", "show", "--help"),
    ],
)
def test_help(args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    assert result.stderr == ""


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "zemsim", "--help"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "click" in loaded
    assert not loaded & set(HEAVY)


def test_version_and_no_command() -> None:
    assert run("--version").stdout.split()[-1] == zemsim.__version__
    assert run().exit_code == 2


@pytest.mark.parametrize(
    "args",
    [
        ("fly",),
        ("run", "--fast"),
        ("run", "--threads", "0"),
        ("run", "--seeds", "many"),
        ("run", "--sample", "0.5"),
        ("run", "--seeds", "0"),
        ("validate",),
        ("compare",),
        ("explain", "somewhere"),
        ("measures", "show"),
        ("measures", "list", "--theme", "rockets"),
        ("parameters", "--group", "rockets"),
        ("region", "show", "--lang", "de"),
    ],
)
def test_wrong_use_ends_with_2(args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("validate", "none.toml"), 65),
        (("run", "none.toml"), 65),
        (("run", "--region", "nowhere"), 65),
        (("region", "show", "zemgal"), 65),
        (("measures", "show", "free-buss"), 65),
    ],
)
def test_bad_input_ends_with_65(args: tuple[str, ...], code: int) -> None:
    result = run(*args)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["compare", "report"])
def test_a_folder_that_is_no_run_is_named(command: str, tmp_path: Path) -> None:
    result = run(command, str(tmp_path))
    assert result.exit_code in {65, 74}
    assert str(tmp_path) in result.stderr
    assert "Traceback" not in result.stderr


def raising(error: BaseException, *args: str) -> Result:
    """Run a command that fails in this way."""

    @cli.command("fail")
    def fail() -> None:
        raise error

    try:
        return CliRunner().invoke(cli, [*args, "fail"])
    finally:
        del cli.commands["fail"]


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("key: wrong", "a.toml", 3, "do this"), 65, "a.toml:3: key: wrong - do this\n"),
        (InputErrors([InputError("b", "f", 2), InputError("a", "f", 1)]), 65, "f:1: a\nf:2: b\n"),
        (InputError("wrong"), 65, "zemsim: wrong\n"),
        (OutputError("a: cannot write"), 74, "zemsim: a: cannot write\n"),
        (OSError(28, "No space left on device", "a.parquet"), 74, "zemsim: a.parquet: No space left on device\n"),
        (BusyError("in use"), 75, "zemsim: in use\n"),
        (click.Abort(), 130, "zemsim: interrupted; a run that is asked for again takes up what was finished\n"),
        (KeyboardInterrupt(), 130, "\nzemsim: interrupted; a run that is asked for again takes up what was finished\n"),
    ],
)
def test_errors_are_one_message_and_an_exit_code(error: BaseException, code: int, message: str) -> None:
    result = raising(error)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", message)


def test_our_bug_says_so_and_shows_its_traceback_only_when_asked() -> None:
    result = raising(ZeroDivisionError("x\x1b[31m\ny"))
    assert result.exit_code == 70
    assert result.stderr.startswith("zemsim: this is our bug, not yours: ZeroDivisionError: x [31m y\n")
    assert "Traceback" not in result.stderr
    loud = raising(ZeroDivisionError("x"), "--debug")
    assert loud.exit_code == 70
    assert "Traceback" in loud.stderr


def test_validate_says_what_is_in_order(tmp_path: Path) -> None:
    path = Path(zemsim.__file__).parent / "experiment" / "default" / "zemgale-2035.toml"
    result = run("validate", str(path))
    assert result.exit_code == 0, result.stderr
    assert "in order. experiment zemgale-2035, policies 11" in result.stdout
    found = json.loads(run("validate", str(path), "--json").stdout)
    assert (found["ok"], found["rows"], found["policies"]) == (True, [], 11)


def test_validate_a_file_of_measures(tmp_path: Path) -> None:
    folder = Path(zemsim.__file__).parent / "policy" / "measures"
    assert "measures 1" in run("validate", str(folder / "free-bus.toml")).stdout
    text = (folder / "shared-ebikes.toml").read_text(encoding="utf-8")
    path = tmp_path / "measures.toml"
    path.write_text(text.replace('"Dobele"', '"Dobelle"') + text, encoding="utf-8")
    result = run("validate", str(path))
    assert result.exit_code == 65
    first, second = result.stderr.splitlines()
    assert "measure[1].places[3]: unknown place “Dobelle”: did you mean “Dobele”?" in first
    assert "measure[2].id: the id “shared-ebikes” is there twice" in second


def test_validate_json_lists_the_faults(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[experiment]\nseeds = 0\n", encoding="utf-8")
    result = run("validate", str(path), "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 65
    assert found["ok"] is False
    assert {"file": str(path), "line": 2} == {key: found["rows"][-1][key] for key in ("file", "line")}
    assert json.loads(run("validate", "--schema").stdout)["title"] == "zemsim experiment"


def test_lists_for_people_and_machines() -> None:
    assert run("region", "list").stdout == "zemgale\n"
    assert json.loads(run("region", "list", "--json").stdout) == {"rows": [{"region": "zemgale"}]}
    assert "Bezmaksas autobusi" in run("measures", "list", "--lang", "lv").stdout
    rows = json.loads(run("measures", "list", "--json", "--theme", "solar").stdout or '{"rows": []}')["rows"]
    assert rows == []
    rows = json.loads(run("measures", "list", "--json", "--theme", "Alternative Sources").stdout)["rows"]
    assert [row["id"] for row in rows] == ["solar-charging"]
    assert "grant_max_eur" in run("measures", "show", "ebike-grant").stdout
    assert json.loads(run("measures", "show", "ebike-grant", "--json").stdout)["grant_max_eur"] == 500
    assert "b_cost" in run("parameters", "--group", "mode").stdout
    row = json.loads(run("parameters", "--json").stdout)["rows"][0]
    assert {"symbol", "value", "low", "high", "unit", "source", "grade"} <= set(row)


def test_region_commands() -> None:
    shown = run("region", "show")
    assert shown.exit_code == 0, shown.stderr
    assert "rests on" in shown.stdout
    found = json.loads(run("region", "show", "--json").stdout)
    assert {row["item"] for row in found["rows"]} >= {"population", "timetable", "road_length"}
    assert "zemgale: in order." in run("region", "check").stdout


def test_the_page_of_a_region(tmp_path: Path) -> None:
    page = tmp_path / "zemgale.html"
    assert str(page) in run("region", "show", "--html", str(page)).stdout
    text = page.read_text(encoding="utf-8")
    assert 'lang="lv"' in text
    assert 'lang="en"' in text
    assert "<svg" in text


def test_report_writes_the_page_in_the_language_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("zemsim.experiment.run_folder.open_run", lambda folder: folder)
    monkeypatch.setattr("zemsim.report.page.write_report", lambda *given: asked.append(given) or "page.html")
    assert json.loads(run("report", "a", "--language", "lv", "--json").stdout) == {"report": "page.html"}
    assert run("report", "a", "--out", "b").stdout == "page.html\n"
    assert asked == [("a", None, "lv"), ("a", "b", "both")]


class _FakeRun:
    cases = ("a", "b")
    failed = ("b",)
    reused = True
    manifest = {"created": "2026-01-02T03:04:05Z"}  # noqa: RUF012
    folder = Path("outputs/x")
    exit_code = 3


def test_run_hands_on_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def fake_run(experiment: Any, **settings: Any) -> _FakeRun:
        asked.update(settings, experiment=experiment)
        return _FakeRun()

    import zemsim.experiment.runner
    import zemsim.report.page
    import zemsim.report.terminal

    monkeypatch.setattr(zemsim.experiment.runner, "run", fake_run)
    monkeypatch.setattr(zemsim.report.page, "write_report", lambda found: found.folder / "report" / "index.html")
    monkeypatch.setattr(zemsim.report.terminal, "print_table", lambda found, lang: click.echo(f"table {lang}"))
    monkeypatch.setattr(cli_module, "_headline_rows", lambda found: [{"policy": "baseline", "ev_share": float("nan")}])
    result = run("run", "--seeds", "2", "--threads", "1", "--out", "somewhere", "--lang", "lv")
    assert result.exit_code == 3, result.stderr
    assert result.stdout.splitlines()[0] == "table lv"
    assert str(Path("outputs/x/report/index.html")) in result.stdout
    assert "answered before (2026-01-02T03:04:05Z): its results are reused" in result.stdout
    assert "1 cases had failed: --replace does the run anew" in result.stdout
    assert (asked["out"], asked["threads"], asked["replace"]) == ("somewhere", 1, False)
    assert (asked["experiment"], asked["region"], asked["seeds"]) == (None, None, 2)
    found = json.loads(run("run", "--json").stdout)
    assert found["rows"] == [{"policy": "baseline", "ev_share": None}]
    assert found["reused"] is True


def test_a_run_asks_with_other_seeds_or_another_region() -> None:
    from zemsim.experiment.prepare import SpineEngine

    own = zemsim.load_experiment()
    assert SpineEngine.of(None).experiment.seeds == SpineEngine.of(own).experiment.seeds == own.seeds
    assert (
        SpineEngine.of(None, seeds=2).experiment.seeds == SpineEngine.of(own, seeds=(1, 2)).experiment.seeds == (1, 2)
    )
    folder = Path(zemsim.load_region().folder)
    assert SpineEngine.of(None, region=folder).experiment.region == str(folder)


def test_public_names_come_when_they_are_asked_for() -> None:
    code = (
        "import sys, zemsim; assert 'pandas' not in sys.modules; zemsim.load_experiment; print(sorted(zemsim.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert "load_experiment" in done.stdout
    assert set(zemsim.__all__) <= set(dir(zemsim))
    for name in zemsim.__all__:
        assert getattr(zemsim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        zemsim.fly  # noqa: B018


class FinishedRun:
    """A run of the default experiment as far as `explain` looks at it."""

    folder = Path("x")

    def __init__(self, **changed: str) -> None:
        from zemsim.experiment.prepare import SpineEngine

        default = zemsim.load_experiment()
        self.experiment = json.loads(json.dumps(default.resolved()))
        self.seeds = list(default.seeds)
        self.manifest = {"fingerprint_parts": SpineEngine(default).identity().parts | changed}

    def tables(self, name: str, seed: int, columns: list[str]) -> pd.DataFrame:
        assert (name, columns) == ("persons", ["resident_id"])
        return pd.DataFrame({"resident_id": [3, 7, 20]})


def test_explain_repeats_the_experiment_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import zemsim.experiment.run_folder
    import zemsim.model.explain

    default = zemsim.load_experiment()
    asked: list[Any] = []

    def fake_explain(experiment: Any, *rest: Any) -> list[dict[str, Any]]:
        asked.append((experiment, *rest))
        option = {"alternative": "bus", "available": True, "utility": -1.25, "draw": 0.5, "eur": 0.85}
        tour = {
            "purpose": "work",
            "from_zone": "a",
            "to_zone": "b",
            "road_km": 2.0,
            "options": [option],
            "choice": "bus",
        }
        about = {"resident_id": 7, "policy": "parking", "year": 2030, "season": "winter", "day_type": "weekday"}
        near = {"own": False, "yard": False, "asked_since": 2028, "post": "posts/Jelgava/1", "post_m": 41.25}
        resident = {"age": 30, "income_ratio": 0.44444444}
        return [{**about, "resident": resident, "home_charging": near, "tours": [tour]}]

    monkeypatch.setattr(zemsim.experiment.run_folder, "open_run", lambda folder: FinishedRun())
    monkeypatch.setattr(zemsim.model.explain, "explain", fake_explain)
    result = run("explain", "x", "--resident", "7", "--policy", "parking", "--year", "2030", "--season", "winter")
    assert result.exit_code == 0, result.stderr
    assert asked == [(default, 7, "parking", 1, 2030, "winter")]
    assert "age 30, income_ratio 0.4444" in result.stdout
    assert "charging near home: own False, yard False, asked_since 2028, post posts/Jelgava/1" in result.stdout
    assert "work: a to b, 2.0 km by road; chosen: bus" in result.stdout
    assert "bus          -1.250   0.500  eur 0.85" in result.stdout
    assert json.loads(run("explain", "x", "--resident", "7", "--json").stdout)["rows"][0]["resident_id"] == 7
    assert run("explain", "x", "--resident", "7", "--policy", "parkin").exit_code == 65
    assert run("explain", "x", "--resident", "7", "--seed", "9").exit_code == 2
    assert "x: the run has no resident 18 - the nearest number is 20" in run("explain", "x", "--resident", "18").stderr
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("code", "other code of zemsim"),
        ("tables", "other tables of parameters and factors"),
        ("libraries", "another Python or other libraries"),
        ("region", "another region pack"),
        ("experiment", "another experiment"),
    ],
)
def test_explain_refuses_a_run_that_would_not_come_out_the_same(
    part: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zemsim.experiment.run_folder
    import zemsim.model.explain

    def no_explain(*args: Any) -> None:
        raise AssertionError("the run was repeated")

    monkeypatch.setattr(zemsim.experiment.run_folder, "open_run", lambda folder: FinishedRun(**{part: "0"}))
    monkeypatch.setattr(zemsim.model.explain, "explain", no_explain)
    result = run("explain", "x", "--resident", "7")
    assert result.exit_code == 65
    assert result.stderr.startswith(f"x: the run was made with {words}, so what is repeated now")
    assert len(result.stderr.splitlines()) == 1


def test_explain_looks_at_the_folder_first(tmp_path: Path) -> None:
    result = run("explain", str(tmp_path / "none"), "--resident", "7")
    assert result.exit_code == 65
    assert result.stderr.splitlines() == [f"{tmp_path / 'none'}: there is no such run folder"]


def test_a_parameter_is_not_looked_for_in_another_group() -> None:
    result = run("parameters", "b_cost", "--group", "ev")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == ["zemsim: parameter b_cost is of the group “mode”, not of “ev”"]
    assert run("parameters", "b_cost", "--group", "mode").exit_code == 0
