"""Class breaks and classes of a map: diverging around zero for a change, quantiles for a level."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Classes of a change: 3 below, 1 around zero, 3 above. Classes of a level: 6.
CHANGE_CLASSES: Final = 7
LEVEL_CLASSES: Final = 6
#: One character per zone in the page's data: ``0``-``6`` a class, ``-`` no value shown.
NO_CLASS: Final = "-"
#: A change whose interval over seeds holds zero, or that has none.
UNCLEAR: Final = "u"

_CHANGE_QUANTILES: Final = (0.35, 0.75, 0.95)


def round_up(value: float, digits: int = 2) -> float:
    """Round a positive number up to ``digits`` significant digits; zero stays zero."""
    if value <= 0 or not math.isfinite(value):
        return 0.0
    scale = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    return float(f"{math.ceil(value / scale - 1e-9) * scale:.12g}")


def change_breaks(values: NDArray[np.float64]) -> list[float]:
    """Return three breaks 0 < a < b < c for |change|, over all policies, so that colours compare.

    Parameters
    ----------
    values : ndarray of float64
        Changes of all zones under all policies; NaN is left out.

    Returns
    -------
    list of float
        Empty if nothing changes.
    """
    size = np.abs(values[np.isfinite(values)])
    size = size[size > 1e-12]
    if size.size == 0:
        return []
    breaks = [round_up(float(q)) for q in np.quantile(size, _CHANGE_QUANTILES)]
    return _strictly_rising(breaks)


def _strictly_rising(breaks: list[float]) -> list[float]:
    out = breaks[:1]
    for value in breaks[1:]:
        out.append(value if value > out[-1] else round_up(out[-1] * 1.5))
    return out


def level_breaks(values: NDArray[np.float64]) -> list[float]:
    """Return up to five inner breaks of six quantile classes, strictly rising, rounded to three digits."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return []
    inner = np.quantile(known, np.arange(1, LEVEL_CLASSES) / LEVEL_CLASSES)
    rounded = [float(f"{value:.3g}") for value in inner]
    return sorted(set(rounded))


def classify_change(values: NDArray[np.float64], breaks: list[float]) -> str:
    """Return one character per zone: ``3`` around zero, ``0`` the largest fall, ``6`` the largest rise."""
    middle = CHANGE_CLASSES // 2
    if not breaks:
        return "".join(str(middle) if math.isfinite(value) else NO_CLASS for value in values)
    steps = np.searchsorted(np.asarray(breaks), np.abs(values), side="right")
    classes = middle + np.sign(np.nan_to_num(values)).astype(np.int64) * steps
    return "".join(str(c) if math.isfinite(v) else NO_CLASS for c, v in zip(classes, values, strict=True))


def mark_unclear(classes: str, clear: NDArray[np.bool_]) -> str:
    """Put ``u`` where a change is shown but not clear; bool [zones]."""
    return "".join(UNCLEAR if c != NO_CLASS and not ok else c for c, ok in zip(classes, clear.tolist(), strict=True))


def classify_level(values: NDArray[np.float64], breaks: list[float]) -> str:
    """Return one character per zone: ``0`` the lowest class."""
    classes = np.searchsorted(np.asarray(breaks), values, side="right")
    return "".join(str(c) if math.isfinite(v) else NO_CLASS for c, v in zip(classes, values, strict=True))
