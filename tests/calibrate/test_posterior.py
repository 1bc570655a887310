"""Joint posteriors against an answer in closed form, and their identifiability."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zemsim.calibrate.posterior import identify, matching, report
from zemsim.calibrate.posterior.layers import LayerTarget, layer_targets
from zemsim.calibrate.posterior.matching import Posterior, posterior

SIZES = (128, 128, 256)


def _target(key: str, value: float, use: str = "fit") -> LayerTarget:
    return LayerTarget(key, "line", value, value - 0.329, value + 0.329, 0.0, "-", use, "assumption", "made up")


class Line:
    """Outputs ``a``, and ``b + c``, which the targets cannot part; ``2 a`` is held out."""

    name = "line"
    free = ("a", "b", "c")

    def outputs(self, theta: np.ndarray) -> np.ndarray:
        a, b, c = theta
        return np.array([a, b + c, 2.0 * a])


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Posterior:
    targets = (_target("a", 0.3), _target("sum", 0.5), _target("twice", 9.0, "hold-out"))
    for module in (matching, identify, report):
        monkeypatch.setattr(module, "layer_targets", lambda layer: targets)
    return posterior(Line(), np.full(3, -2.0), np.full(3, 2.0), SIZES)


def test_the_posterior_of_a_linear_layer_is_the_normal_one(line: Posterior) -> None:
    """Even priors and normal errors: mean and standard deviation of `a` are those of its target, 0.3 and 0.2 / 2."""
    assert line.effective > 50
    assert line.mean(line.theta)[0] == pytest.approx(0.3, abs=0.03)
    assert line.sd(line.theta)[0] == pytest.approx(0.2, rel=0.15)
    assert line.mean(line.outputs)[1] == pytest.approx(0.5, abs=0.05)
    assert line.mean(line.outputs)[2] == pytest.approx(0.6, abs=0.06), "what is held out does not pull"
    assert line.waves[-1] > line.waves[0]
    draws = line.draws(100)
    assert draws.mean(axis=0) == pytest.approx(line.mean(line.theta), abs=0.1)
    assert len(line.tried[0]) == sum(SIZES)


def test_the_same_targets_give_the_same_posterior(line: Posterior) -> None:
    again = posterior(Line(), np.full(3, -2.0), np.full(3, 2.0), SIZES)
    assert again.theta.tobytes() == line.theta.tobytes()
    assert again.weight.tobytes() == line.weight.tobytes()


def test_what_targets_cannot_part_is_a_ridge(line: Posterior) -> None:
    found = identify.identified(line)
    assert [(a, b) for a, b, _ in found.ridges()] == [("b", "c")]
    assert found.ridges()[0][2] < -0.8
    assert found.verdict(0) == "identified"
    assert found.verdict(1) != "identified"
    assert found.emulator_gap < 0.01, "polynomials hold a plane"
    assert found.eigenvalues.sum() == pytest.approx(3.0)
    assert (found.recovered >= 0.7).all(), "intervals of nine tenths hold most truths"


def test_targets_that_no_set_meets_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "layer_targets", lambda layer: (_target("a", 50.0), _target("s", 0), _target("t", 0)))
    with pytest.raises(ArithmeticError, match="every set is implausible"):
        posterior(Line(), np.full(3, -2.0), np.full(3, 2.0), (64, 64))


def test_the_report_says_what_is_fitted_held_out_and_not_known(line: Posterior, tmp_path: Path) -> None:
    page = report.write_report(tmp_path, [report.layer_lines(line, identify.identified(line))])
    text = page.read_text(encoding="utf-8")
    assert "b with c" in text
    assert "| twice | held out |" in text
    assert report.write_draws(tmp_path, line).read_text(encoding="utf-8").count("\n") == report.DRAWS + 1
    assert report.draw_pairs(tmp_path, line).read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("layer", ["ev", "ebike", "travel"])
def test_targets_have_a_range_a_use_and_a_source(layer: str) -> None:
    targets = layer_targets(layer)
    assert {target.use for target in targets} <= {"fit", "hold-out"}
    assert all(target.low < target.value < target.high and target.sd > 0 and target.source for target in targets)
    assert {target.grade for target in targets} <= {"reported", "derived", "anchored", "memory", "assumption"}
