"""Lines of a back-test report: one for each effect of each case, and one for the base of a case."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from zemsim.behaviour.parameters import load_parameters
from zemsim.calibrate.backtest.quantities import UNITS
from zemsim.calibrate.backtest.runner import CaseResult, Found
from zemsim.calibrate.backtest.settings import Effect
from zemsim.calibrate.register import digest_of

#: A base is met when no share is farther off, percentage points.
BASE_BAND_POINTS: Final = (0.0, 1.0)
#: No mode constant should be larger than this in size.
LARGEST_CONSTANT: Final = 5.0
_UNITS = {"relative": "%", "points": "percentage points", "elasticity": "elasticity"}


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    text = files("zemsim.calibrate.backtest").joinpath("words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def words(key: str, language: str, **values: object) -> str:
    """A text in a language."""
    return _catalogue()[key][language].format(**values)


def both(key: str) -> dict[str, str]:
    """A text in both languages."""
    return dict(_catalogue()[key])


def parameters_digest() -> str:
    """Fingerprint of the parameters that all cases share, the one that `zemsim parameters` shows."""
    return digest_of(load_parameters())


def unit_of(effect: Effect) -> str:
    """Unit of a figure."""
    return _UNITS.get(effect.form, UNITS[effect.of])


def rows_of(result: CaseResult, digest: str) -> Iterator[dict[str, Any]]:
    """Rows of a case: ``test, value, low, high, source, passed`` and what explains them.

    ``passed`` is None where the model cannot say.
    """
    head = result.case.case
    common: dict[str, Any] = {"case": head.id, "horizon": head.horizon, "use": head.use, "parameters": digest}
    common["tours_without_way_share"] = result.without_way_share
    if result.base_error_points:
        worst, (low, high) = max(result.base_error_points), BASE_BAND_POINTS
        yield {
            "test": f"{head.id}: {words('base', 'en')}",
            "title": both("base"),
            "value": worst,
            "low": low,
            "high": high,
            "source": words("base_source", "en"),
            "passed": worst <= high,
            "verdict": both("passed" if worst <= high else "failed"),
            "unit": _UNITS["points"],
            "observed": None,
            "seed_sd": None,
            "seeds": list(result.base_error_points),
            "grade": "derived",
            "note": None,
            **common,
        }
    for found in result.found:
        yield _row(found, head.id, common)


def _row(found: Found, case_id: str, common: dict[str, Any]) -> dict[str, Any]:
    effect = found.effect
    verdict = both({True: "passed", False: "failed", None: "cannot"}[found.passed])
    if found.reason is not None:
        verdict = {lang: f"{text}: {words(found.reason, lang)}" for lang, text in verdict.items()}
    return {
        "test": f"{case_id}: {effect.title.en}",
        "title": effect.title.model_dump(),
        "value": None if math.isnan(found.value) else found.value,
        "low": effect.band.low,
        "high": effect.band.high,
        "source": effect.source,
        "passed": found.passed,
        "verdict": verdict,
        "unit": unit_of(effect),
        "observed": effect.observed.model_dump(),
        "seed_sd": None if math.isnan(found.sd) else found.sd,
        "seeds": list(found.values),
        "grade": effect.grade,
        "note": effect.note,
        **common,
    }


def warnings_of(results: Sequence[CaseResult], language: str) -> list[str]:
    """What a reader must know beside the rows: tours that no mode could make, constants beyond the limit."""
    shares = ", ".join(f"{r.case.case.id} {100.0 * r.without_way_share:.1f} %" for r in results)
    return [
        words("without_way", language, shares=shares),
        *(
            words("large_constant", language, case=r.case.case.id, value=r.fitted.largest_constant_utility)
            for r in results
            if r.fitted.largest_constant_utility > LARGEST_CONSTANT
        ),
    ]
