"""How a figure of the baseline is judged: by its source's range, by how near it comes, or by the order of a group.

A fact says in ``score`` how it is scored: ``near`` (:func:`accepted`), ``rank`` (:func:`in_order`, with the facts of
the same ``group``), or ``none``: it is reported, because what it is held against has no source of its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

#: Ways of scoring a fact.
SCORES: Final = ("near", "rank", "none")
#: How near the baseline must come to a target: a share, and as a share of any other figure.
SHARE_POINTS: Final = 0.01
VOLUME_SHARE: Final = 0.10


def stands(value: float, low: float, high: float, decimals: int) -> str:
    """Say where a value stands: ``inside, below, above`` the range; ``unknown`` if it is NaN.

    The value is rounded to the decimals that the source gives; a source that gives one figure has ``low == high``.
    """
    if not math.isfinite(value):
        return "unknown"
    rounded = round(value, decimals)
    if rounded < low:
        return "below"
    return "above" if rounded > high else "inside"


def accepted(value: float, target: float, unit: str) -> str:
    """Say whether a value is near enough: shares within `SHARE_POINTS` of the target, all else within `VOLUME_SHARE`.

    Returns ``met, missed``, or ``unknown`` if the value is NaN.
    """
    if not math.isfinite(value):
        return "unknown"
    allowed = SHARE_POINTS if unit == "share" else VOLUME_SHARE * abs(target)
    return "met" if abs(value - target) <= allowed else "missed"


def in_order(values: Sequence[float], targets: Sequence[float]) -> str:
    """Say whether the values of a group have the order of their targets: each pair, the same way round.

    A pair that is equal in one and not in the other is out of order.

    Returns ``met, missed``, or ``unknown`` if a value is NaN.
    """
    if not all(math.isfinite(value) for value in values):
        return "unknown"
    pairs = itertools.combinations(zip(values, targets, strict=True), 2)
    same = all(np.sign(a - b) == np.sign(fact_a - fact_b) for (a, fact_a), (b, fact_b) in pairs)
    return "met" if same else "missed"


def with_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Judge ranked facts by the order of their group, and leave those that are only reported unscored.

    Parameters
    ----------
    rows : DataFrame
        ``value, fact_value, accepted, stands, score, group``: a row per fact, judged as if it were to be near.

    Returns
    -------
    DataFrame
        With ``accepted`` of ranked facts that of their group and ``stands`` ``in_order`` or ``out_of_order``;
        ``accepted`` is ``unscored`` where ``score`` is ``none``.
    """
    rows = rows.copy()
    rows.loc[rows["score"] == "none", "accepted"] = "unscored"
    for _, group in rows[rows["score"] == "rank"].groupby("group"):
        order = in_order(group["value"].tolist(), group["fact_value"].tolist())
        rows.loc[group.index, "accepted"] = order
        rows.loc[group.index, "stands"] = {"met": "in_order", "missed": "out_of_order"}.get(order, "unknown")
    return rows


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that count where facts are counted: those that are scored, of a ranked group the first."""
    again = (rows["score"] == "rank") & rows.duplicated(["score", "group"])
    return rows[(rows["score"] != "none") & ~again]
