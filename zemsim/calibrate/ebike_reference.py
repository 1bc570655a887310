"""The gain by an e-bike at which `asc_ebike_buy` holds, as `gain_ebike_ref` in the table of parameters states it.

Run as ``python -m zemsim.calibrate.ebike_reference`` after a fit of the mode constants; it prints the value and writes
nothing. The reference is the gain for which as many of those who think of an e-bike buy one after the days of the base
year were simulated as would by the constant and the price alone.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.optimize import brentq

from zemsim.experiment.experiment import load_experiment
from zemsim.model.build import build_world
from zemsim.model.ebike_market import ebike_market
from zemsim.model.model import MobilityModel


def reference_gain(model: MobilityModel) -> float:
    """The reference, utils per day, from a model that has run through its first year, days included."""
    residents = model.residents.table
    gain = residents.ebike_gain.copy()
    thinks = np.zeros(len(gain), np.bool_)
    for found in model.think_of_ebikes.values():
        thinks |= found
    usual = model.parameters

    def share(reference: float, gains: np.ndarray) -> float:
        """Mean probability of buying among those whose gain is known."""
        one = dataclasses.replace(usual.table["gain_ebike_ref"], value=reference)
        model.parameters = dataclasses.replace(usual, table={**usual.table, "gain_ebike_ref": one})
        residents.ebike_gain[:] = gains
        utility = ebike_market(model).utility
        counted = thinks & ~residents.ebike & np.isfinite(utility)
        return float((1.0 / (1.0 + np.exp(-utility[counted]))).mean())

    by_price = share(0.0, np.zeros_like(gain))
    low, high = 0.0, float(gain.max())
    try:
        return float(brentq(lambda reference: share(reference, gain) - by_price, low, high))
    finally:
        model.parameters = usual
        residents.ebike_gain[:] = gain


def main() -> None:
    """Print the reference for the baseline of the default experiment, seed 1."""
    model = MobilityModel(build_world(load_experiment(), [1]), 1)
    model.run_year()
    print(f"gain_ebike_ref: {reference_gain(model):.3f} utils/day (stated {model.parameters['gain_ebike_ref']:g})")


if __name__ == "__main__":
    main()
