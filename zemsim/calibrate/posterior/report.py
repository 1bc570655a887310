"""What a calibration leaves: constants, joint posteriors, and a page that says what fits, what is held out, what is not
known.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from zemsim.calibrate.posterior.identify import IDENTIFIED, TRUTHS, UNIDENTIFIED, Identified
from zemsim.calibrate.posterior.layers import LayerTarget, layer_targets
from zemsim.calibrate.posterior.matching import IMPLAUSIBLE, Posterior
from zemsim.calibrate.posterior.travel import NAME, TravelAnswers, weight_rows
from zemsim.core.atomic import write_text

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.calibrate.constants import Target

Floats = npt.NDArray[np.float64]

#: Name of the page.
REPORT: Final = "report.md"
#: Sets that stand for a posterior, with even weights.
DRAWS: Final = 200
_TITLES: Final = {
    "travel": "Weights of the mode and destination choice",
    "ev": "Purchases of electric cars",
    "ebike": "Purchases of e-bikes",
}
_USES: Final = {"fit": "fitted", "hold-out": "held out"}


def write_draws(folder: Path, found: Posterior) -> Path:
    """Write the sets that stand for a posterior: ``LAYER_posterior.csv``, a column for each parameter."""
    path = folder / f"{found.layer}_posterior.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(found.free)
        writer.writerows([f"{value:.6g}" for value in row] for row in found.draws(DRAWS))
    return path


def draw_pairs(folder: Path, found: Posterior) -> Path:
    """Draw the posterior in pairs of parameters: ``LAYER_pairs.png``; the box is the prior."""
    from matplotlib.figure import Figure

    n, sets = len(found.free), found.draws(DRAWS)
    figure = Figure(figsize=(1.9 * n, 1.9 * n), layout="constrained")
    axes = np.atleast_2d(figure.subplots(n, n, sharex="col"))
    for i in range(n):
        for j in range(n):
            at = axes[i, j]
            if j > i:
                at.set_visible(False)
                continue
            if i == j:
                at.hist(sets[:, i], bins=18, range=(found.low[i], found.high[i]), color="#005082")
                at.set_yticks([])
            else:
                at.plot(sets[:, j], sets[:, i], ".", markersize=3, color="#005082", alpha=0.5)
                at.set_ylim(found.low[i], found.high[i])
            at.set_xlim(found.low[j], found.high[j])
            at.tick_params(axis="x", labelrotation=45)
            if i == n - 1:
                at.set_xlabel(found.free[j])
            if j == 0 and i:
                at.set_ylabel(found.free[i])
    path = folder / f"{found.layer}_pairs.png"
    figure.savefig(path, dpi=110)
    return path


def write_weights(folder: Path, rows: Sequence[tuple[str, float, float, float, float]]) -> Path:
    """Write ``travel_weights.csv``: each weight as it stands, as proposed, and its range."""
    path = folder / "travel_weights.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("symbol", "value", "proposed", "low", "high"))
        writer.writerows((symbol, *(f"{value:.4g}" for value in values)) for symbol, *values in rows)
    return path


def weights_lines(answers: TravelAnswers, proposed: Floats, said: Floats) -> list[str]:
    """The weights as they stand and those nearest to all bands, and what the model answers to both."""
    weights = [
        (symbol, f"{value:.4g}", f"{found:.4g}", f"{low:g} to {high:g}")
        for symbol, value, found, low, high in weight_rows(answers, proposed)
    ]
    told = [
        (target.key, _USES[target.use], f"{target.low:g} to {target.high:g}", _in(target, before), _in(target, after))
        for target, before, after in zip(layer_targets(NAME), answers.says, said, strict=True)
    ]
    return [
        "",
        f"A sample of residents was asked for {answers.asked} sets of weights, with constants fitted anew for each; "
        f"{answers.unanswered} gave no answer. Polynomials fitted to {_carriers(answers)} "
        f"stand for the model; a set left out is missed by up to {answers.gap:.2f} standard deviations of a target "
        "(root mean square). Proposed weights are those nearest to the middle of all bands; the last column is the "
        "model's own answer to them.",
        "",
        *_table(("weight", "stands at", "proposed", "range"), weights),
        "",
        *_table(("realism test", "use", "band", "answer as it stands", "answer to the proposed weights"), told),
    ]


def _carriers(answers: TravelAnswers) -> str:
    """Which sets the polynomials rest on."""
    n = len(answers.theta)
    return f"the {n} sets near the targets" if answers.narrowed else f"all {n} sets, as too few are near the targets,"


def _in(target: LayerTarget, value: float) -> str:
    """A figure, and a word if it is outside the band of a target."""
    return f"{value:.3f}" if target.low <= value <= target.high else f"{value:.3f} (outside)"


def constants_lines(targets: dict[str, Target], found: dict[str, float]) -> list[str]:
    """What the mode constants were fitted to and what the model then says."""
    rows = [
        (key, f"{targets[key].value:.4g}", f"{value:.4g}", f"{100 * (value / targets[key].value - 1):+.2f} %")
        for key, value in found.items()
    ]
    grades = [(targets[key].grade,) for key in found]
    head = ("target", "wanted", "model", "error", "grade")
    return ["## Constants of the mode choice", "", *_table(head, [(*r, *g) for r, g in zip(rows, grades, strict=True)])]


def layer_lines(found: Posterior, known: Identified) -> list[str]:
    """Parameters with prior and posterior, targets with fit and held-out error, ridges."""
    mean = found.mean(found.theta)
    low, high = (found.quantile(found.theta, share) for share in (0.05, 0.95))
    parameters = [
        (
            symbol,
            f"{found.low[k]:g} to {found.high[k]:g}",
            f"{mean[k]:.3g}",
            f"{low[k]:.3g} to {high[k]:.3g}",
            f"{known.narrowing[k]:.2f}",
            f"{100 * known.recovered[k]:.0f} %",
            known.verdict(k),
        )
        for k, symbol in enumerate(found.free)
    ]
    lines = [
        f"## {_TITLES.get(found.layer, found.layer)}",
        "",
        f"{len(found.tried[0])} sets were tried in {len(found.waves)} waves; not implausible (no fitted target missed "
        f"by more than {IMPLAUSIBLE:g} standard deviations) were "
        + ", ".join(f"{100 * share:.0f} %" for share in found.waves)
        + f" of them. The posterior counts as {found.effective:.0f} sets of even weight.",
        "",
        *_table(
            ("parameter", "prior", "mean", "nine tenths", "posterior over prior sd", "truths recovered", "verdict"),
            parameters,
        ),
        "",
        f"Identified is below {IDENTIFIED:g} of the prior's standard deviation, not identified above {UNIDENTIFIED:g}. "
        f"Recovered: how many of {TRUTHS} known sets lie in their interval of nine tenths when the targets are made up "
        f"from them. The polynomials that stand for the layer there miss up to {known.emulator_gap:.2f} standard "
        "deviations of a target.",
        "",
        _ridges(known),
        "",
        *_targets(found),
        "",
        f"![posterior in pairs]({found.layer}_pairs.png)",
    ]
    return lines


def _ridges(known: Identified) -> str:
    values = ", ".join(f"{value:.2f}" for value in known.eigenvalues)
    ridges = "; ".join(f"{a} with {b} ({r:+.2f})" for a, b, r in known.ridges()) or "none"
    return f"Ridges, pairs that the targets cannot tell apart: {ridges}. Eigenvalues of the correlation: {values}."


def _targets(found: Posterior) -> list[str]:
    mean, sd = found.mean(found.outputs), found.sd(found.outputs)
    rows = [
        (
            target.key,
            _USES[target.use],
            f"{target.value:.4g}",
            f"{target.low:.4g} to {target.high:.4g}",
            f"{mean[k]:.4g} ± {sd[k]:.2g}",
            f"{(mean[k] - target.value) / target.sd:+.2f}",
            target.grade,
        )
        for k, target in enumerate(layer_targets(found.layer))
    ]
    return _table(("target", "use", "value", "range", "posterior", "miss in sd", "grade"), rows)


def baseline_lines(facts: pd.DataFrame) -> list[str]:
    """Fitted and held-out error of a run side by side."""
    rows = [
        (str(row["fact"]), _USES[str(row["use"])], f"{row['fact_value']:.4g}", f"{row['value']:.4g}",
         f"{100 * row['difference_share']:+.1f} %", str(row["stands"]))
        for _, row in facts.iterrows()
    ]  # fmt: skip
    medians = facts.groupby("use")["difference_share"].apply(lambda error: float(error.abs().median()))
    told = ", ".join(f"{_USES[str(use)]} {100 * value:.1f} %" for use, value in medians.items())
    head = ("fact", "use", "value", "model", "error", "range")
    return [
        "## The baseline against the facts",
        "",
        f"Median of the errors without sign: {told}.",
        "",
        *_table(head, rows),
    ]


def seed_lines(by_seed: Mapping[str, Sequence[float]]) -> list[str]:
    """Spread between seeds of the baseline's indicators."""
    rows = [
        (name, f"{np.mean(values):.4g}", f"{100 * np.std(values, ddof=1) / abs(np.mean(values)):.2f} %")
        for name, values in by_seed.items()
    ]
    return ["## Noise of the seeds", "", *_table(("indicator", "mean", "standard deviation between seeds"), rows)]


def write_report(folder: Path, parts: Sequence[list[str]]) -> Path:
    """Write :data:`REPORT`."""
    lines = ["# Calibration", ""]
    for part in parts:
        lines += [*part, ""]
    path = folder / REPORT
    write_text(path, "\n".join(lines))
    return path


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    line: Callable[[Sequence[str]], str] = lambda cells: f"| {' | '.join(cells)} |"  # noqa: E731
    return [line(head), line(["---"] * len(head)), *(line(row) for row in rows)]
