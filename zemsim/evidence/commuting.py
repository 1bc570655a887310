"""Where the residents of a place work: shares of its employed residents by the place of their work."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from zemsim.evidence.rows import ratio


def commuting_shares(
    persons: pd.DataFrame, zones: pd.DataFrame, home: str, destinations: Mapping[str, tuple[str, str]]
) -> dict[str, float]:
    """Return shares of the employed residents of a settlement by workplace, as a register of the employed counts them.

    Parameters
    ----------
    persons, zones : DataFrame
        Tables of a run.
    home : str
        ``settlement_id`` of the home.
    destinations : mapping
        Name of a share to (column of ``zones``, value): where the workplaces are.

    Returns
    -------
    dict
        Name to share of all residents of it with a workplace; NaN where there are none.
    """
    lives_there = (zones["settlement_id"] == home).to_numpy()
    workplace = persons["work_zone_idx"].to_numpy()
    works_in = workplace[(workplace >= 0) & lives_there[persons["zone_idx"].to_numpy()]]
    return {
        name: ratio((zones[column] == value).to_numpy()[works_in].sum(), len(works_in))
        for name, (column, value) in destinations.items()
    }
