"""What the measures cost the public purse, by year and summed over the years of the experiment."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from zemsim.evidence.places import FloatArray
from zemsim.evidence.rows import Rows
from zemsim.policy.lever import PUBLIC_PAYERS

#: Word of ``payments.basis`` for what is counted on simulated days, so that it is known in simulated years only.
COUNTED_ON_DAYS: Final = "days"


def public_cost_eur(payments: pd.DataFrame) -> FloatArray:
    """Return for each ledger line what the public purse pays less what it receives; a transfer inside it is nought."""
    paid = payments["payer"].isin(PUBLIC_PAYERS).to_numpy(np.float64)
    received = payments["payee"].isin(PUBLIC_PAYERS).to_numpy(np.float64)
    return (paid - received) * payments["amount_eur"].to_numpy()


def by_year(
    payments: pd.DataFrame, years: list[int], simulated: list[int], first_change: int | None = None
) -> FloatArray:
    """Return the public cost of each year.

    Lines that are known for every year count in their year. Lines counted on simulated days count in simulated years;
    what lies between is filled in by `over_years`.

    Parameters
    ----------
    payments : DataFrame
        The ledger.
    years, simulated : list of int
        All years of the experiment, and those whose days were simulated, both rising.
    first_change : int, optional
        First year in which any measure of the experiment begins.

    Returns
    -------
    ndarray, float64 [Y]
        EUR.
    """
    cost = public_cost_eur(payments)
    year = payments["year"].to_numpy()
    counted = payments["basis"].to_numpy() == COUNTED_ON_DAYS
    known = np.array([cost[(year == y) & ~counted].sum() for y in years])
    flows = [cost[(year == y) & counted].sum() for y in simulated]
    return known + over_years(years, simulated, flows, first_change)


def over_years(
    years: list[int], simulated: list[int], values: list[float], first_change: int | None = None
) -> FloatArray:
    """Return a yearly flow for all years from its values in simulated years: straight lines, constant outside.

    Between the simulated years on either side of ``first_change`` there is a step instead: the earlier value up to the
    year before, the later one from that year on. It is the same year for all policies of an experiment, so that a
    policy differs from the baseline in no year in which no measure has begun.
    """
    known, flow = list(simulated), list(values)
    if first_change is not None and known[0] < first_change <= known[-1]:
        after = next(i for i, year in enumerate(known) if year >= first_change)
        if first_change - 1 > known[after - 1]:
            known.insert(after, first_change - 1)
            flow.insert(after, values[after - 1])
            after += 1
        if known[after] != first_change:
            known.insert(after, first_change)
            flow.insert(after, flow[after])
    return np.interp(np.array(years, np.float64), np.array(known, np.float64), np.array(flow, np.float64))


def discounted(flow: FloatArray, rate_year: float) -> float:
    """Return the sum of a yearly flow, each year discounted to the first: ``flow[y] / (1 + rate)^y``."""
    return float((flow / (1.0 + rate_year) ** np.arange(len(flow))).sum())


def add_costs(
    rows: Rows,
    payments: pd.DataFrame,
    years: list[int],
    simulated: list[int],
    rate_year: float,
    first_change: int | None = None,
) -> None:
    """Add the public cost of each year, and its sums under the last year."""
    cost = by_year(payments, years, simulated, first_change)
    for year, value in zip(years, cost, strict=True):
        rows.add("public_cost_eur_year", year, value)
    rows.add("public_cost_eur", years[-1], cost.sum())
    rows.add("public_cost_discounted_eur", years[-1], discounted(cost, rate_year))
