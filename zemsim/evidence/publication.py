"""What may be shown: figures of very few residents stay blank."""

from __future__ import annotations

from typing import Final

import pandas as pd

#: Fewest residents of a group or place whose figures are shown.
SMALLEST_CELL: Final = 10

#: Indicator that counts the residents of a group and place; it decides and is itself never hidden below the region.
COUNT: Final = "residents"

_ALL: Final = "all"


def people_of(group: str) -> str:
    """Return the group of residents that a group of the indicator table is about.

    ``bus quintile-1`` is about ``quintile-1``; a mode or a charging place alone is about ``all``.
    """
    for word in group.split(" "):
        if word.startswith("quintile-"):
            return word
    return _ALL


def hide_small_cells(indicators: pd.DataFrame, smallest: int = SMALLEST_CELL) -> pd.DataFrame:
    """Return the indicators with the values of cells of fewer than ``smallest`` residents left blank.

    Parameters
    ----------
    indicators : DataFrame
        The long table of a run; its rows ``residents`` count the cells of each policy and seed.
    smallest : int
        Fewest residents that are shown.

    Returns
    -------
    DataFrame
        The same rows in the same order; a cell whose residents are not counted is hidden too.
    """
    keys = ["policy", "seed", "group", "place"]
    counts = indicators.loc[indicators["indicator"] == COUNT, [*keys, "value"]].drop_duplicates(keys)
    cells = indicators[keys].assign(group=indicators["group"].map(people_of))
    people = cells.merge(counts, on=keys, how="left", validate="many_to_one")["value"].to_numpy()
    shown = pd.Series(people >= smallest, index=indicators.index)
    return indicators.assign(value=indicators["value"].where(shown))
