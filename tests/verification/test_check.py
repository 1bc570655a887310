"""The acceptance suite passes on right code, fails on wrong code, and says what it could not check."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from zemsim.commands.quality import check
from zemsim.core.errors import EXIT_SOME_FAILED, InputError
from zemsim.verification import equilibria, logit, queues, roads, suite, transit
from zemsim.verification.numbers import Numbers
from zemsim.verification.verdicts import Check, Skipped, at_most, near, none_differ


def failed(found: Iterable[Check | Skipped]) -> list[str]:
    return [one.test for one in found if isinstance(one, Check) and not one.passed]


def test_limits_belong_to_what_is_expected_and_nan_never_passes() -> None:
    assert Check("x", 1.0, 1.0, 2.0, "-").passed
    assert Check("x", 2.0, 1.0, 2.0, "-").passed
    assert not Check("x", math.nextafter(1.0, 0.0), 1.0, 2.0, "-").passed
    assert not Check("x", math.nan, -math.inf, math.inf, "-").passed
    assert near("x", 100.1, 100.0, "-", relative=1e-3, absolute=1e-9).passed
    assert not near("x", 100.2, 100.0, "-", relative=1e-3).passed
    assert not at_most("x", -1e-9, 1.0, "-").passed
    assert none_differ("x", 0, 5, "-").passed
    assert not none_differ("x", 1, 5, "-").passed


def test_comparing_nothing_does_not_pass() -> None:
    assert not none_differ("x", 0, 0, "-").passed


def test_numbers_depend_on_case_and_place_alone() -> None:
    one, other = Numbers(7), Numbers(7)
    both = np.concatenate([one.shares(3), one.shares(4)])
    assert other.shares(7).tolist() == both.tolist()
    assert Numbers(8).shares(7).tolist() != both.tolist()
    assert set(Numbers(9).whole(2, 4, 200).tolist()) == {2, 3, 4}
    assert sorted(Numbers(9).order(50).tolist()) == list(range(50))
    assert Numbers(9).exponential(30.0, 4000).mean() == pytest.approx(30, rel=0.1)


def test_equilibria_by_hand_pass_and_each_missing_network_is_named() -> None:
    found = list(equilibria.checks(None))
    assert not failed(found)
    skipped = [one for one in found if isinstance(one, Skipped)]
    assert [one.test.split(",")[0] for one in skipped] == ["SiouxFalls", "Anaheim", "ChicagoSketch"]
    assert all("--networks" in one.reason for one in skipped)


def test_a_network_without_its_trips_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "Anaheim_net.tntp").write_text("")
    (one,) = equilibria._published(equilibria.PUBLISHED[1], tmp_path)
    assert isinstance(one, Skipped)
    assert "Anaheim_trips.tntp" in one.reason


def test_equilibria_see_a_wrong_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equilibria, "BRAESS", (*equilibria.BRAESS[:4], (2, 3, 10.001, 1)))
    assert failed(equilibria.checks(None)) == ["Braess with the link between, minutes of each of six"]


def test_equilibria_see_lost_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    right = equilibria.solve

    def wrong(*args: Any, **more: Any) -> Any:
        found = right(*args, **more)
        flow = found.flow_pce.copy()
        flow[flow.argmax()] *= 1 + 1e-6
        return SimpleNamespace(**{**vars(found), "flow_pce": flow})

    monkeypatch.setattr(equilibria, "solve", wrong)
    assert failed(equilibria.balance()) == ["equilibrium, flow that appears or is lost at a node, of all flow"]


def test_formulas_of_queues_by_hand() -> None:
    """One server: the probability of a wait is the use. Two at use 0.75: 9/14 (Gross et al.)."""
    assert queues.erlang_c(1, 0.4) == pytest.approx(0.4)
    assert queues.erlang_c(2, 1.5) == pytest.approx(9 / 14)
    assert queues.mean_wait_mmc(1, 0.5) == pytest.approx(30.0)
    assert queues.mean_wait_md1(0.5) == pytest.approx(15.0)


def test_queues_pass_and_see_a_point_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "_DAYS", 12)
    assert not failed(queues.checks())
    right = queues.serve
    monkeypatch.setattr(
        queues, "serve", lambda arrive, minutes, points, **more: right(arrive, minutes, points + 1, **more)
    )
    assert len(failed(queues.checks())) >= 8


def test_logit_passes_and_sees_a_wrong_scale_and_a_wrong_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logit, "_CASES", 60)
    monkeypatch.setattr(logit, "_DRAWS", 12_000)
    assert not failed(logit.checks())
    right, draw = logit.fill_inclusive_values, logit.draw_nested
    monkeypatch.setattr(logit, "fill_inclusive_values", lambda v, s, out: right(v, s * 1.001, out))
    assert any("slow twin: largest" in test for test in failed(logit.checks()))
    monkeypatch.setattr(logit, "fill_inclusive_values", right)
    monkeypatch.setattr(logit, "draw_nested", lambda v, i, s, nest, inside: draw(v, i, s, -nest, inside))
    assert len(failed(logit.checks())) == 2


def test_roads_of_random_graphs_pass_and_a_millisecond_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert roads._small(Numbers(40_003))[:2] == (0, 0)
    right = roads.customise
    monkeypatch.setattr(
        roads, "customise", lambda h, parts: right(h, (np.minimum(parts[0] + 1, roads.UNREACHABLE), parts[1]))
    )
    assert roads._small(Numbers(40_003))[0] > 0
    assert roads._small(Numbers(40_003))[1] == 0


def test_public_transport_of_random_feeds_passes_and_a_second_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [transit._small(Numbers(50_000 + case)) for case in range(12)]
    assert [wrong[:2] for wrong in found] == [(0, 0)] * 12
    assert sum(labels for _, _, labels in found) > 100
    right = transit.connections
    late = lambda rides: rides._replace(trip_arrive_s=rides.trip_arrive_s + 1)  # noqa: E731
    monkeypatch.setattr(transit, "connections", lambda net: late(right(net)))
    assert sum(transit._small(Numbers(50_000 + case))[0] for case in range(12)) > 0


def test_the_command_ends_with_3_and_names_what_failed_and_what_was_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Check("good", 1.0, 1.0, 1.0, "here"), Check("bad", 2.0, 0.0, 1.0, "there"), Skipped("far", "not at hand")]
    monkeypatch.setattr(suite, "_all", lambda networks, say: iter(rows))
    table = CliRunner().invoke(check, [])
    assert table.exit_code == EXIT_SOME_FAILED
    assert "2 checks, 1 failed, 1 skipped" in table.stdout
    assert "skipped: far: not at hand" in table.stdout
    assert [line.split()[0] for line in table.stdout.splitlines() if "FAILED" in line] == ["bad"]
    found = json.loads(CliRunner().invoke(check, ["--json"]).stdout)
    assert found["rows"][1] == {
        "test": "bad", "value": 2.0, "low": 0.0, "high": 1.0, "source": "there", "passed": False,
    }  # fmt: skip
    assert found["skipped"] == [{"test": "far", "reason": "not at hand"}]
    assert found["passed"] is False


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        suite.acceptance(tmp_path / "nothing")


@pytest.mark.slow
def test_everything_passes_here() -> None:
    found = suite.acceptance()
    assert failed(found.checks) == []
    assert len(found.checks) >= 30
    assert len(found.skipped) == 3
