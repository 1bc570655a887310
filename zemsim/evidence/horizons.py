"""What a policy does at once: indicators of its first year with cars, workplaces and points as without measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from zemsim.evidence.indicators import Setting, add_simulated
from zemsim.evidence.places import REGION
from zemsim.evidence.rows import Rows
from zemsim.evidence.verdicts import Verdict, case_verdicts, verdict

#: Horizons of an effect: at once, or with what people buy, where they work, and what is built.
HORIZONS: Final = ("short", "long")
_FIFTHS: Final = "quintile-"


def short_run_indicators(
    tables: Mapping[str, pd.DataFrame], setting: Setting, year: int, policy: str, seed: int
) -> pd.DataFrame:
    """Return the indicators of the days of a short run, of the whole region.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables of a case, as they came of the short run.
    setting : Setting
        What the case shares with the others of its seed.
    year : int
        The year of the short run.
    policy, seed : str, int
        The case.

    Returns
    -------
    DataFrame
        Columns of schema ``short_run``.
    """
    rows = Rows()
    add_simulated(rows, year, tables, setting)
    table = rows.table(policy, seed)
    whole = (table["place"] == REGION) & ~table["group"].str.contains(_FIFTHS, regex=False)
    return table[whole].reset_index(drop=True)


def short_run_verdicts(
    tables: Mapping[str, pd.DataFrame], setting: Setting, year: int, counts: Mapping[str, float]
) -> list[Verdict]:
    """Return one check: how many of those that end a case fail for the days of its short run, and which."""
    checks = case_verdicts(tables, replace(setting, years=(year,), simulated=(year,)), counts)
    failed = [row["check"] for row in checks if not row["passed"]]
    return [_verdict(failed, len(checks))]


def _verdict(failed: Sequence[str], asked: int) -> Verdict:
    names = f" ({', '.join(failed)})" if failed else ""
    return verdict(
        "short-run-checks",
        not failed,
        len(failed),
        f"Checks of the days of the short run that fail: {{failed}} of {{asked}}{names}; none is fine",
        f"Pārbaudes, kuras tūlītējās ietekmes dienas neiztur: {{failed}} no {{asked}}{names}; nedrīkst būt neviena",
        failed=(len(failed), 0, ""),
        asked=(asked, 0, ""),
    )
