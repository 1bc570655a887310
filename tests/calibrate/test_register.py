"""The register of assumptions: what `zemsim parameters` says, the file of moves, and that old moves are flagged."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.unit.model import small_world as small
from zemsim.behaviour.parameters import load_parameters
from zemsim.calibrate import register as register_module
from zemsim.calibrate import sensitivity as sensitivity_module
from zemsim.calibrate.register import HEAD, RESULTS, TAIL, Register, digest_of, register
from zemsim.calibrate.sensitivity import ends, merged, moved, results, settings_of, watched_experiment, write
from zemsim.cli import cli
from zemsim.core.errors import InputError

if TYPE_CHECKING:
    from zemsim.population import Population
    from zemsim.region import Region

ROOT = Path(__file__).resolve().parents[2]


def run(*args: str) -> Any:
    return CliRunner().invoke(cli, ["parameters", *args])


def row(symbol: str, side: str, value: str, share: float, digest: str) -> dict[str, str]:
    """A row of the file in which every result moves alike."""
    told = dict.fromkeys(RESULTS, f"{share:g}")
    return {"symbol": symbol, "side": side, "value": value, **told, "fingerprint": digest} | dict(
        zip(TAIL[1:], ("0.1", "2", "2035"), strict=True)
    )


def test_the_file_beside_the_code_is_the_one_in_calibration() -> None:
    shipped = ROOT / "zemsim" / "calibrate" / "sensitivity.csv"
    assert (ROOT / "calibration" / "sensitivity.csv").read_bytes() == shipped.read_bytes()
    assert shipped.read_text(encoding="utf-8").splitlines()[0] == ",".join((*HEAD, *RESULTS, *TAIL))


def test_the_file_speaks_of_known_parameters() -> None:
    table = load_parameters().table
    for line in register().rows:
        assert line["side"] in ("central", "low", "high")
        assert line["side"] == "central" or line["symbol"] in table


def test_moves_are_told_and_old_ones_flagged() -> None:
    digest = digest_of(load_parameters())
    rows = (row("", "central", "", 7.0, digest), row("b_cost", "low", "-0.45", -0.1, digest))
    fresh = Register(rows, digest)
    assert not fresh.stale
    assert fresh.most_moved("b_cost") == "car-km -10.0%"
    assert fresh.moves_of("b_cost")[0]["moves"]["co2"] == -0.1
    assert fresh.about()["results"]["car_km"] == 7.0
    assert "STALE" not in fresh.note()
    assert "parameters moved: 1;" in fresh.note()
    old = Register(rows, "another")
    assert old.stale
    assert old.about()["stale"] is True
    assert "STALE" in old.note()
    assert Register((), digest).about() == {"stale": None}
    assert "not worked out" in Register((), digest).note()
    assert (fresh.head, old.head) == ("moves most", "moved most (STALE)")


def test_what_is_not_worked_out_is_said() -> None:
    digest, read = digest_of(load_parameters()), tuple(p.symbol for p in load_parameters().table.values() if p.used)
    assert register().read == read
    rows = (row("", "central", "", 7.0, digest), row("b_cost", "low", "-0.45", -0.1, digest))
    part = Register(rows, digest, read)
    assert set(part.lacking) == set(read) - {"b_cost"}
    assert part.about()["lacking"] == part.lacking
    assert f"parameters moved: 1 of {len(read)} that a run reads;" in part.note()
    assert "that a run reads" not in Register(rows, digest, ("b_cost",)).note()


def test_a_stale_table_is_said_wherever_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """List, one parameter, JSON; and none of them once the table is of the parameters of today."""
    for digest, stale in (("another", True), (digest_of(load_parameters()), False)):
        rows = (row("", "central", "", 7.0, digest), row("b_cost", "low", "-0.45", -0.1, digest))
        known = Register(rows, digest_of(load_parameters()))
        monkeypatch.setattr(register_module, "register", lambda known=known: known)
        listed, one = run().stdout, run("b_cost").stdout
        assert ("moved most (STALE)" in listed.splitlines()[0]) is stale
        assert ("STALE: parameters have changed since" in listed) is stale
        assert ("STALE: parameters have changed since" in one) is stale
        assert json.loads(run("--json").stdout)["sensitivity"]["stale"] is stale


def test_the_page_of_parameters_says_whether_its_table_is_stale() -> None:
    page = (ROOT / "docs" / "reference" / "parameters.md").read_text(encoding="utf-8")
    assert ("STALE: parameters have changed since" in page) is register().stale
    assert f"| {register().head} |" in page


def test_the_fingerprint_sees_what_a_run_reads_and_nothing_else() -> None:
    usual = load_parameters()
    usual_digest = digest_of(usual)
    assert digest_of(usual.with_values({"b_cost": -0.4})) != usual_digest
    constants = usual.mode_constants.copy()
    constants[0, 0] += 0.1
    assert digest_of(dataclasses.replace(usual, mode_constants=constants)) != usual_digest
    unread = next(p for p in usual.table.values() if not p.used)
    other = {**usual.table, unread.symbol: dataclasses.replace(unread, value=unread.value + 1.0)}
    assert digest_of(dataclasses.replace(usual, table=other)) == usual_digest


def test_json_holds_every_parameter_with_what_is_known() -> None:
    said = json.loads(run("--json").stdout)
    table = load_parameters().table
    assert [one["symbol"] for one in said["rows"]] == list(table)
    first = said["rows"][0]
    assert {"symbol", "name", "value", "low", "high", "unit", "source", "grade", "used", "sensitivity"} <= set(first)
    assert "stale" in said["sensitivity"]


def test_only_some() -> None:
    table = load_parameters().table
    read = [p.symbol for p in table.values() if p.used]
    assert [one["symbol"] for one in json.loads(run("--json", "--used").stdout)["rows"]] == read
    unread = json.loads(run("--json", "--unused").stdout)["rows"]
    assert not any(one["used"] for one in unread)
    assert len(unread) + len(read) == len(table)
    assert [one["symbol"] for one in json.loads(run("--json", "b_cost").stdout)["rows"]] == ["b_cost"]
    assert "Cost coefficient" in run("b_cost").stdout
    wrong = run("b_costs")
    assert wrong.exit_code == 2
    assert "did you mean “b_cost”" in wrong.output


def test_a_parameter_shows_the_moves_of_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = digest_of(load_parameters())
    rows = [row("", "central", "", 1.0, digest)]
    rows += [row("b_cost", side, value, 0.25, digest) for side, value in (("low", "-0.45"), ("high", "-0.25"))]
    monkeypatch.setattr(register_module, "register", lambda: Register(tuple(rows), digest))
    shown = run("b_cost").stdout
    assert "at low -0.45" in shown
    assert "at high -0.25" in shown
    assert "car-km +25.0%" in run("--group", "mode").stdout


def test_each_end_of_a_range_is_asked_once() -> None:
    asked = [(p.symbol, side) for p, side, _ in ends(load_parameters())]
    assert len(asked) == len(set(asked))
    assert ("b_cost", "low") in asked
    assert {symbol for symbol, _ in asked} == {p.symbol for p in load_parameters().table.values() if p.used}


def test_results_move_the_right_way(zemgale: Region, zemgale_population: Population) -> None:
    """Money that weighs more: fewer car-km; a higher price of electric cars: fewer of them."""
    experiment = dataclasses.replace(watched_experiment(), years=(2024, 2028), days_in=(2024, 2028), seeds=(1,))
    world = small.small_world(zemgale, zemgale_population)
    world = small.with_settings(world, years=(2024, 2025, 2026, 2027, 2028), days_in=(2024, 2028))
    settings = settings_of(world, experiment)
    names = list(RESULTS)
    usual = dict(zip(names, results(world, experiment, settings), strict=True))
    assert usual["half_fares"] > 0 > usual["dearer_fuel"]
    dear = dict(zip(names, results(moved(world, "b_cost", -0.45), experiment, settings), strict=True))
    assert dear["car_km"] < usual["car_km"]
    costly = dict(zip(names, results(moved(world, "p_bev_used", 22000.0), experiment, settings), strict=True))
    assert costly["bev_share"] < usual["bev_share"]


def test_a_result_that_cannot_be_told_is_blank(tmp_path: Path) -> None:
    moves = np.array([0.1, np.nan, 0, 0, 0, 0])
    line = sensitivity_module._row("b_cost", "low", "-0.45", moves, dict.fromkeys(TAIL, "x"))
    write([line], tmp_path / "moves.csv")
    told = (tmp_path / "moves.csv").read_text(encoding="utf-8").splitlines()
    assert told[1] == "b_cost,low,-0.45,0.1,,0,0,0,0,x,x,x,x"


def test_rows_of_other_parameters_are_kept_if_they_were_worked_out_alike() -> None:
    old = [row("", "central", "", 7.0, "a"), row("b_cost", "low", "-0.45", 1.0, "a")]
    old.append(row("b_car", "low", "-0.067", 1.0, "a"))
    other = row("b_pt", "low", "-0.038", 1.0, "b")
    new = [row("", "central", "", 8.0, "a"), row("b_car", "low", "-0.067", 2.0, "a")]
    assert merged([*old, other], new) == [new[0], old[1], new[1]]


def test_an_end_that_others_forbid_is_blank() -> None:
    """The nest of powertrains may not be wider than that of new and used cars, so it has one end only."""
    usual = load_parameters()
    with pytest.raises(InputError, match="must not be above"):
        usual.with_values({"lam_car_purchase": usual.table["lam_car_purchase"].high})
    asked = {(p.symbol, side) for p, side, _ in ends(usual)}
    assert ("lam_car_purchase", "high") in asked
    blank = row("lam_car_purchase", "high", "1", 0.0, "a") | dict.fromkeys(RESULTS, "")
    known = Register((row("", "central", "", 7.0, "a"), blank), "a")
    assert known.moves_of("lam_car_purchase")[0]["moves"]["car_km"] is None
    assert known.most_moved("lam_car_purchase") == ""
