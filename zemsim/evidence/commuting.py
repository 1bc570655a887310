"""Where the residents of a place work: shares of their weekday tours to work by destination."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from zemsim.core.names import DayType, Purpose
from zemsim.evidence.rows import ratio


def commuting_shares(
    tours: pd.DataFrame, zones: pd.DataFrame, home: str, destinations: Mapping[str, tuple[str, str]]
) -> dict[str, float]:
    """Return shares of the weekday tours to work of the residents of a settlement.

    Parameters
    ----------
    tours, zones : DataFrame
        Tables of a run.
    home : str
        ``settlement_id`` of the home.
    destinations : mapping
        Name of a share to (column of ``zones``, value): where the tours go.

    Returns
    -------
    dict
        Name to share of all weekday tours to work from there; NaN where there are none.
    """
    lives_there = (zones["settlement_id"] == home).to_numpy()
    work = tours[
        (tours["day_type"] == DayType.WEEKDAY).to_numpy()
        & (tours["purpose"] == Purpose.WORK).to_numpy()
        & lives_there[tours["origin_zone_idx"].to_numpy()]
    ]
    goes_to = work["dest_zone_idx"].to_numpy()
    shares = {}
    for name, (column, value) in destinations.items():
        there = (zones[column] == value).to_numpy()[goes_to]
        shares[name] = ratio(there.sum(), len(work))
    return shares
