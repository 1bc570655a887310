"""The realism tests: the table of bands, what is asked of a small model, verdicts, and what the command prints."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.unit.model import small_world as small
from zemsim.calibrate import realism as realism_module
from zemsim.calibrate.realism import Line, Realism, Response, compared, judged, realism
from zemsim.calibrate.realism_runs import Answer, questions
from zemsim.calibrate.realism_table import Asked, RealismTest, read_tests
from zemsim.calibrate.sampling import sampled
from zemsim.cli import cli
from zemsim.core.errors import InputError, InputErrors, UsageError
from zemsim.core.names import Purpose

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.region import Region

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "calibration" / "realism.csv"
TESTS = {test.test: test for test in read_tests()}

#: Sign of the answer that common sense asks of every change that is measured.
SIGNS = {
    "fuel-km-short": -1,
    "fuel-km-long": -1,
    "fare-trips-short": -1,
    "fare-km-short": +1,
    "car-time-trips-long": -1,
    "frequency-trips-short": +1,
    "bev-own-price": -1,
    "bev-all-price": -1,
    "bev-cross-price": +1,
    "parking-trips-short": -1,
}


@pytest.fixture(scope="module")
def world(zemgale: Region, zemgale_population: Population) -> World:
    """Some 3,000 residents, first and last year simulated."""
    world = small.small_world(zemgale, zemgale_population)
    return small.with_settings(world, years=(2024, 2025, 2026), days_in=(2024, 2026))


@pytest.fixture(scope="module")
def stronger(world: World) -> Realism:
    """The answers of a few residents to changes that are large enough to be seen among them."""
    factor = {"car_time": 3.0, "transit_fare": 3.0, "parking_price": 10.0, "bus_frequency": 4.0}
    tests = [
        replaced(TESTS[name], factor=factor.get(TESTS[name].change, 2.0), low=None, high=None, needs="")
        for name in SIGNS
    ]
    return realism(1.0, 2, tests=tests, world=world)


def replaced(test: RealismTest, **changes: Any) -> RealismTest:
    """The test with other values."""
    import dataclasses

    return dataclasses.replace(test, **changes)


def test_the_table_beside_the_code_is_the_one_in_calibration() -> None:
    assert TABLE.read_bytes() == (ROOT / "zemsim" / "calibrate" / "realism.csv").read_bytes()


@pytest.mark.parametrize(
    ("name", "low", "high", "source"),
    [
        ("fuel-km-long", -0.35, -0.25, "TAG Unit M2.1"),
        ("fuel-km-ratio", 0.3, 0.8, "Brons et al. 2008"),
        ("fare-trips-long", -0.9, -0.2, "TAG Unit M2.1"),
        ("fare-trips-short", -0.6, -0.1, "Bly 1976"),
        ("fare-km-short", 0.0, 0.06, "National Audit Office of Estonia 2021"),
        ("car-time-trips-long", -2.0, 0.0, "TAG Unit M2.1"),
        ("frequency-trips-short", 0.35, 0.8, "Bell 1976"),
        ("frequency-falls", 0.0, 1.0, "Berrebi et al. 2021"),
        ("bev-own-price", -2.9, -1.0, "Fridstrøm and Østli 2021"),
        ("bev-cross-price", 0.3, 0.6, "Fridstrøm and Østli 2021"),
        ("parking-trips-short", -0.6, -0.1, "Kelly and Clinch"),
        ("fuel-order-commute", 1.0, None, "TAG Unit M2.1"),
        ("fuel-order-discretionary", 1.0, None, "TAG Unit M2.1"),
    ],
)
def test_each_published_band_names_its_source(name: str, low: float, high: float | None, source: str) -> None:
    test = TESTS[name]
    assert (test.low, test.high) == (low, high)
    assert source in test.source
    assert test.scored


def test_every_band_is_among_those_with_a_test() -> None:
    """A further scored row must be added to the list above, with its source."""
    scored = {name for name, test in TESTS.items() if test.scored}
    assert len(scored) == 14  # frequency-trips-long has the band of frequency-trips-short
    long, short = TESTS["frequency-trips-long"], TESTS["frequency-trips-short"]
    assert (long.low, long.high, long.source) == (short.low, short.high, short.source)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("change", "fuel_prize", "fuel_price"),
        ("measure", "car_miles", "did you mean"),
        ("horizon", "longer", "long"),
        ("grade", "guess", "there is no “guess”"),
        ("purposes", "werk", "work"),
        ("low", "much", "must be a number"),
        ("low", "0.5", "must not be above high"),
        ("kind", "product", "must be elasticity or ratio"),
        ("source", "", "has a source"),
    ],
)
def test_a_fault_of_the_table_is_named(tmp_path: Path, key: str, value: str, message: str) -> None:
    with TABLE.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    rows[0][key] = value
    file = tmp_path / "realism.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises((InputError, InputErrors)) as caught:
        read_tests(file)
    assert f"{file}:2" in str(caught.value)
    assert message in str(caught.value)


def test_each_question_is_asked_once() -> None:
    asked = questions(tuple(TESTS.values()))
    assert len(set(asked)) == len(asked)
    assert {one.change for one in asked[:3]} == {""}  # how things are: short, long and sales
    assert Asked("bus_frequency", 3.0, "short", False) in asked  # half as many again, from twice


@pytest.mark.parametrize("name", SIGNS)
def test_answers_have_the_right_sign(stronger: Realism, name: str) -> None:
    line = next(line for line in stronger.lines if line.test.test == name)
    assert line.response.value * SIGNS[name] > 0, line.response
    assert line.response.plain_value * SIGNS[name] > 0


def test_groups_hold_everybody(stronger: Realism) -> None:
    kinds = {(row["kind"], row["group"]) for row in stronger.groups}
    assert len([kind for kind, _ in kinds if kind == "income"]) == 5
    assert {group for kind, group in kinds if kind == "area"} == {"urban", "countryside"}
    assert ("place", "Jelgava") in kinds
    assert len(stronger.groups) == len(kinds) * len(SIGNS)


def test_the_same_question_has_the_same_answer(world: World, stronger: Realism) -> None:
    """One model is branched again and again; a model of its own that is asked one thing says the same."""
    test = replaced(TESTS["frequency-trips-short"], factor=4.0, low=None, high=None)
    alone = realism(1.0, 1, tests=[test], world=world)
    line = next(line for line in stronger.lines if line.test.test == test.test)
    assert alone.lines[0].response.seeds[0] == line.response.seeds[0]


def answer(value: float, bus_km: float = 1.0) -> Answer:
    """An answer in which every travel measure has one value."""
    return Answer(np.full((5, len(Purpose), 5, 1, 2), value / (len(Purpose) * 10)), bus_km)


def lines(tests: Sequence[RealismTest], *seeds: tuple[float, float, float]) -> dict[str, Line]:
    """Lines for quantities (before, after in the short run, after in the long run) by seed."""
    answers = []
    for before, short, long in seeds:
        found = {}
        for test in tests:
            if not test.is_ratio:
                start, end = test.asked
                found[start] = answer(before)
                found[end] = answer(short if test.horizon == "short" else long)
        answers.append(found)
    return {line.test.test: line for line in compared(tests, answers)}


def test_formulas_by_hand() -> None:
    names = ("fuel-km-short", "fuel-km-long", "fuel-km-ratio")
    tests = [replaced(TESTS[name], needs="") for name in names]
    found = lines(tests, (100.0, 98.0, 97.0), (100.0, 98.2, 96.8))
    arcs = [math.log(0.97) / math.log(1.1), math.log(0.968) / math.log(1.1)]
    response = found["fuel-km-long"].response
    assert response.value == pytest.approx(np.mean(arcs), rel=1e-12)
    assert response.plain_value == pytest.approx(-0.31, rel=1e-12)
    assert response.sd == pytest.approx(np.std(arcs, ddof=1), rel=1e-9)
    assert found["fuel-km-long"].passed
    ratio = found["fuel-km-ratio"].response.value
    assert ratio == pytest.approx(found["fuel-km-short"].response.value / response.value, rel=1e-12)
    assert found["fuel-km-short"].passed is None


@pytest.mark.parametrize(
    ("after", "passed", "verdict"),
    [
        (97.0, True, "inside the band"),
        (99.5, False, "FAILED: too weak"),
        (90.0, False, "FAILED: too strong"),
        (101.0, False, "FAILED: the wrong sign"),
        (0.0, False, "FAILED: nothing to divide by"),
    ],
)
def test_a_row_outside_its_band_is_shown_as_failing(after: float, passed: bool, verdict: str) -> None:
    test = replaced(TESTS["fuel-km-long"], needs="")
    found = lines([test], (100.0, after, after), (100.0, after, after))[test.test]
    assert found.passed is passed
    assert found.verdict["en"] == verdict
    assert Realism((found,), [], 1.0, 2).passed is passed


def test_a_failing_row_says_why_if_it_is_known() -> None:
    test = replaced(TESTS["parking-trips-short"], reason={"en": "k_park is low", "lv": "k_park ir mazs"})
    failing, fine = (judged(test, Response(value, value, 0.0, (value, value))) for value in (-0.07, -0.3))
    assert failing.row()["reason"] == "k_park is low"
    assert failing.row("lv")["reason"] == "k_park ir mazs"
    assert fine.row()["reason"] == ""


def test_seeds_that_differ_too_much_fail() -> None:
    test = replaced(TESTS["fuel-km-long"], needs="")
    found = lines([test], (100.0, 98.2, 98.2), (100.0, 96.0, 96.0))[test.test]
    assert found.passed is True
    assert found.steady is False
    assert "seeds differ too much" in found.verdict["en"]
    assert not Realism((found,), [], 1.0, 2).passed


def test_what_the_model_cannot_say_is_not_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    test = replaced(TESTS["fuel-km-long"], needs="theta_dest")
    monkeypatch.setattr(realism_module, "unread", lambda symbol: symbol == "theta_dest")
    found = judged(test, Response(-0.1, -0.1, 0.0, (-0.1, -0.1)))
    assert found.passed is None
    assert found.verdict["en"] == "cannot be said: no part of the model reads theta_dest yet"
    assert "theta_dest" in found.verdict["lv"]


def test_a_sample_holds_the_smaller_one_and_its_tours(world: World) -> None:
    tenth, half = sampled(world, 0.1), sampled(world, 0.5)
    ids = [set(part.population.residents["resident_id"]) for part in (tenth, half, world)]
    assert ids[0] < ids[1] < ids[2]
    assert 0.4 < len(half.population.households) / len(world.population.households) < 0.6
    for part in (tenth, half):
        who, everybody = part.population.residents["resident_id"].to_numpy(), world.population.residents
        kept = world.tours[1][np.isin(everybody["resident_id"].to_numpy()[world.tours[1]["resident_idx"]], who)]
        tours = part.tours[1]
        assert np.array_equal(tours["road_km"], kept["road_km"])
        assert np.array_equal(who[tours["resident_idx"]], everybody["resident_id"].to_numpy()[kept["resident_idx"]])
    assert half.parameters["peak_hour_share"] == pytest.approx(2 * world.parameters["peak_hour_share"])


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, math.nan])
def test_a_sample_that_is_none_is_refused(world: World, share: float) -> None:
    with pytest.raises(UsageError, match="share above 0"):
        sampled(world, share)


def of_two_rows(passed: bool) -> Realism:
    """A finding with a scored and an unscored row."""
    band = replaced(TESTS["fuel-km-long"], needs="", reason={"en": "known", "lv": "zināms"})
    value = -0.3 if passed else -0.1
    told = [(band, value), (TESTS["fuel-km-short"], -0.2)]
    found = tuple(judged(test, Response(v, v, 0.01, (v, v))) for test, v in told)
    groups = [{"test": "fuel-km-long", "kind": kind, "group": "g", "value": -0.3, "sd": 0.1} for kind in ("income",)]
    return Realism(found, groups, 0.5, 2)


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 3)])
def test_the_command(monkeypatch: pytest.MonkeyPatch, passed: bool, code: int) -> None:
    asked: list[Any] = []

    def fake(*args: Any, behaviour: dict[str, float]) -> Realism:
        asked.append((*args[:3], behaviour))
        return of_two_rows(passed)

    monkeypatch.setattr(realism_module, "realism", fake)
    told = CliRunner().invoke(
        cli, ["realism", "--json", "--sample", "0.1", "--seeds", "2", "--threads", "1", "--set", "k_park=2"]
    )
    assert told.exit_code == code
    assert asked == [(0.1, 2, 1, {"k_park": 2.0})]
    said = json.loads(told.stdout)
    assert said["passed"] is passed
    first, second = said["rows"]
    assert {"test", "value", "low", "high", "source", "passed"} <= set(first)
    assert (first["test"], first["passed"], first["low"], first["high"]) == ("fuel-km-long", passed, -0.35, -0.25)
    assert (second["passed"], second["low"]) == (None, None)
    shown = CliRunner().invoke(cli, ["realism", "--groups"])
    assert shown.exit_code == code
    assert ("inside the band" if passed else "FAILED: too weak") in shown.stdout
    assert bool(first["reason"]) is not passed
    latvian = CliRunner().invoke(cli, ["realism", "--lang", "lv"])
    assert ("robežās" if passed else "NEIZTURĒTS: par vāju") in latvian.stdout


@pytest.mark.parametrize(
    ("option", "value", "code", "message"),
    [
        ("--sample", "2", 2, "share above 0"),
        ("--set", "k_park", 2, "SYMBOL=VALUE"),
        ("--set", "k_park=dear", 2, "SYMBOL=VALUE"),
        ("--set", "k_park=99", 65, "must lie from 0.8 to 4"),
        ("--set", "k_parking=2", 65, "did you mean “k_park”"),
    ],
)
def test_wrong_options(option: str, value: str, code: int, message: str) -> None:
    told = CliRunner().invoke(cli, ["realism", option, value], standalone_mode=True)
    assert told.exit_code == code
    assert message in told.output
