"""Fit the constants of the car purchase to the registrations of the base year; say how purchases answer to prices.

Run as ``python -m zemsim.calibrate.purchases``: it writes `purchase_constants.csv` of `behaviour` and prints a report.
A constant moves by the logarithm of target over model until they meet; the model's shares are expected ones, from the
probabilities of the nested logit for every place for a car, so no seed is in the fit. Two further constants are those
of having no car: of giving up one that met its end, and of leaving an empty place empty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Powertrain
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.ownership import N_ALTERNATIVES, N_CARS, NO_CAR, Buyers, CarMarket, fill_probabilities
from zemsim.model.car_market import SUPPORTED, CarMarketYear, car_market

if TYPE_CHECKING:
    from zemsim.calibrate.constants import Target
    from zemsim.model.model import MobilityModel

Floats = npt.NDArray[np.float64]
_ROUNDS = 60
_DAMPING = 0.7
_AGES = ("new", "used")
#: Targets of the constants without a car.
NONE_TARGETS = ("given_up_share", "added_per_given_up")
_STEP = 0.01
_NEW_BEV = 2 * int(Powertrain.BEV)
_NEW_FUEL = (2 * int(Powertrain.PETROL), 2 * int(Powertrain.DIESEL))


@dataclass(frozen=True)
class Expected:
    """What households are expected to do in a year, from probabilities.

    Attributes
    ----------
    bought : float64 [10], cars bought, replaced and added.
    given_up_veh, ended_veh, added_veh : cars.
    """

    bought: Floats
    given_up_veh: float
    ended_veh: float
    added_veh: float

    @property
    def shares(self) -> Floats:
        """Shares of the cars bought, float64 [powertrains, (new, used)]."""
        found: Floats = (self.bought / self.bought.sum()).reshape(len(Powertrain), 2)
        return found


def looked_at(buyers: Buyers, first: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Places that a household may think of: its cars and its first empty place; offsets ``first`` [H + 1]."""
    owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
    empty = np.flatnonzero(~buyers.owned)
    _, at = np.unique(owner[empty], return_index=True)
    return np.sort(np.concatenate([np.flatnonzero(buyers.owned), empty[at]]))


def probabilities(rows: npt.NDArray[np.int64], buyers: Buyers, market: CarMarket, threads: int = 1) -> Floats:
    """Probabilities of the alternatives for some places: float64 [rows, 11]."""
    out = np.empty((len(rows), N_ALTERNATIVES))
    run_blocks(fill_probabilities, len(rows), threads, rows, buyers, market, out)
    return out


def expected(
    rows: npt.NDArray[np.int64], hazard: Floats, buyers: Buyers, market: CarMarket, threads: int = 1
) -> Expected:
    """What the households of the places ``rows`` are expected to do in a year."""
    chance = probabilities(rows, buyers, market, threads) * hazard[rows, None]
    owned = buyers.owned[rows]
    return Expected(
        bought=chance[:, :N_CARS].sum(axis=0),
        given_up_veh=float(chance[owned, NO_CAR].sum()),
        ended_veh=float(hazard[rows][owned].sum()),
        added_veh=float(chance[~owned, :N_CARS].sum()),
    )


def fit_purchase_constants(
    model: MobilityModel, targets: dict[str, Target]
) -> tuple[Floats, Floats, npt.NDArray[np.float64], Expected]:
    """Constants [powertrains, (new, used)] and of none [2], the shares wanted and what the model then expects."""
    wanted = np.array([[targets[f"{p.name.lower()}_{age}"].value for age in _AGES] for p in Powertrain])
    new = targets["new_share"].value
    wanted *= np.array([new, 1.0 - new])
    state = car_market(model)
    rows = looked_at(state.buyers, model.household_cars)
    constants = state.market.constant.reshape(wanted.shape).copy()
    none = model.parameters.none_constants.copy()
    base = state.buyers.none_utility - np.where(state.buyers.owned, none[0], none[1])
    for _ in range(_ROUNDS):
        market = state.market._replace(constant=np.ascontiguousarray(constants.ravel()))
        utility = base + np.where(state.buyers.owned, none[0], none[1])
        found = expected(rows, state.hazard, state.buyers._replace(none_utility=utility), market, model.threads)
        constants += _DAMPING * np.log(wanted / found.shares)
        shift = constants[Powertrain.DIESEL, 1]
        constants -= shift
        none -= shift
        given_up = found.given_up_veh / found.ended_veh
        none[0] += _DAMPING * _log_odds(targets[NONE_TARGETS[0]].value, given_up)
        none[1] -= _DAMPING * np.log(targets[NONE_TARGETS[1]].value * found.given_up_veh / found.added_veh)
    return constants, none, wanted, found


def _log_odds(wanted: float, found: float) -> float:
    """How much the log odds of a share must rise."""
    return float(np.log(wanted / (1.0 - wanted)) - np.log(found / (1.0 - found)))


# --- how purchases answer ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answers:
    """How the purchases of a year answer to prices, from probabilities.

    Attributes
    ----------
    bev_share : of new cars.
    elasticities : of the BEV share of new cars to the prices of new BEV, petrol and diesel cars.
    additional_share : of the supported BEV and PHEV, what the grants add.
    supported_veh : cars a year with a grant.
    """

    bev_share: float
    elasticities: tuple[float, ...]
    additional_share: float
    supported_veh: float


def answers(model: MobilityModel, state: CarMarketYear, market: CarMarket) -> Answers:
    """Elasticities by a price that is one per cent higher, additionality by taking all support away."""
    rows = looked_at(state.buyers, model.household_cars)

    def bought(prices: CarMarket, buyers: Buyers = state.buyers) -> Floats:
        return expected(rows, state.hazard, buyers, prices, model.threads).bought

    def dearer(k: int) -> Floats:
        price = market.price_keur.copy()
        price[k] *= 1.0 + _STEP
        return bought(market._replace(price_keur=price))

    def among_new(cars: Floats) -> float:
        return float(cars[_NEW_BEV] / cars[::2].sum())

    usual = bought(market)
    logs = [np.log(among_new(dearer(k)) / among_new(usual)) / np.log1p(_STEP) for k in (_NEW_BEV, *_NEW_FUEL)]
    without = bought(market, state.buyers._replace(saving_keur=np.zeros_like(state.buyers.saving_keur)))
    granted = [
        2 * powertrain + (0 if new else 1)
        for column, (powertrain, new) in enumerate(SUPPORTED)
        if state.grant_eur[:, column].any()
    ]
    supported, still = float(usual[granted].sum()), float(without[granted].sum())
    return Answers(
        bev_share=among_new(usual),
        elasticities=tuple(map(float, logs)),
        additional_share=(supported - still) / supported if supported else float("nan"),
        supported_veh=supported,
    )


def at_share(model: MobilityModel, state: CarMarketYear, bev_share: float) -> CarMarket:
    """The market with the constant of new BEV at which they have this share of new cars."""
    rows, market = looked_at(state.buyers, model.household_cars), state.market
    for _ in range(_ROUNDS):
        new = expected(rows, state.hazard, state.buyers, market, model.threads).bought[::2]
        share = new[Powertrain.BEV] / new.sum()
        constant = market.constant.copy()
        constant[_NEW_BEV] += _log_odds(bev_share, float(share))
        market = market._replace(constant=constant)
    return market


def main() -> None:
    """Fit on the baseline of the default experiment, write the table, and print how purchases answer."""
    from zemsim.calibrate.constants import base_model, read_targets, write_purchases

    model, targets = base_model(), read_targets()
    constants, none, wanted, found = fit_purchase_constants(model, targets)
    write_purchases(constants, none)
    print("purchases, target and model share:", wanted.round(4).tolist(), found.shares.round(4).tolist())
    print(f"ended {found.ended_veh:.0f}, given up {found.given_up_veh:.0f}, added {found.added_veh:.0f} cars a year")
    model.parameters = replace(model.parameters, purchase_constants=constants, none_constants=none)
    state = car_market(model)
    for share in (None, 0.03, 0.15, 0.20):
        market = state.market if share is None else at_share(model, state, share)
        print(answers(model, state, market))


if __name__ == "__main__":
    main()
