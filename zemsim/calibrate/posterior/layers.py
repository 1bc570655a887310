"""What a layer of the model says of its targets for many sets of its parameters, as fast as expected shares allow.

A layer holds the state of a model in which kilometres, chargers, neighbours and the fleet are frozen; a set of
parameters changes the choice only. Expected shares are summed instead of drawn, so a layer has no noise of its own.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.calibrate.purchases import expected, looked_at, probabilities
from zemsim.calibrate.realism_table import read_tests
from zemsim.core.names import Powertrain
from zemsim.kernels.ownership import N_CARS, Buyers, CarMarket
from zemsim.model.car_market import car_market, ln_supply, purchase_constant
from zemsim.model.ebike_market import ebike_market
from zemsim.model.year import buy_cars, set_conditions

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

Floats = npt.NDArray[np.float64]

#: A range of a target holds nine tenths of what it may be.
_SDS_OF_A_RANGE: Final = 3.29
_NEW_BEV, _USED_BEV = 2 * int(Powertrain.BEV), 2 * int(Powertrain.BEV) + 1
#: Share of new cars at which Norway's elasticity was measured, and the rise of the price.
_SHARE_IN_NORWAY, _RISE = 0.15, 0.01
_ROUNDS = 6
#: Used cars with a plug were this much fewer so many years before the base year.
_YEARS_OF_GROWTH: Final = 2


@dataclass(frozen=True)
class LayerTarget:
    """What a layer is held against; ``use`` is ``fit`` or ``hold-out``, ``model_tolerance`` what the model may miss."""

    key: str
    layer: str
    value: float
    low: float
    high: float
    model_tolerance: float
    unit: str
    use: str
    grade: str
    source: str

    @property
    def sd(self) -> float:
        """Standard deviation of what is known and of what the model leaves out, together."""
        return float(np.hypot((self.high - self.low) / _SDS_OF_A_RANGE, self.model_tolerance))


@cache
def layer_targets(layer: str) -> tuple[LayerTarget, ...]:
    """Targets of a layer, in the order of ``posterior_targets.csv``; a row without figures names a realism test."""
    text = files("zemsim.calibrate").joinpath("posterior_targets.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), strict=True)
    numbers = ("value", "low", "high", "model_tolerance")
    return tuple(
        LayerTarget(**{key: float(cell) if key in numbers else cell for key, cell in row.items()})  # type: ignore[arg-type]
        for row in (row if row["value"] else _of_test(row) for row in rows if row["layer"] == layer)
    )


def _of_test(row: dict[str, str]) -> dict[str, str]:
    """A row with the band of the realism test of its name: the middle is the value."""
    test = {one.test: one for one in read_tests()}[row["key"]]
    if test.low is None or test.high is None:
        raise ValueError(f"realism test {test.test} has no band with two ends")
    band = {"value": f"{(test.low + test.high) / 2}", "low": f"{test.low}", "high": f"{test.high}"}
    return {**row, **band, "grade": test.grade, "source": test.source}


class Layer(Protocol):
    """A part of the model with free parameters and targets.

    Attributes
    ----------
    name : of its targets.
    free : symbols of its free parameters; their priors are even between the low and the high end of their ranges.
    """

    name: str
    free: tuple[str, ...]

    def outputs(self, theta: Floats) -> Floats:
        """What the layer says of each of its targets for one set of parameters [free]: float64 [targets]."""


@dataclass(frozen=True)
class _Year:
    """Places that households look at in a year, an even part of them, and what they find."""

    rows: npt.NDArray[np.int64]
    hazard: Floats
    buyers: Buyers
    market: CarMarket
    owned: npt.NDArray[np.bool_]
    flat: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, model: MobilityModel, every: int) -> _Year:
        state, v = car_market(model), model.vehicles
        rows = looked_at(state.buyers, model.household_cars)[::every]
        flat = model.households.table.flat[v.household_idx][rows]
        return cls(rows, state.hazard, state.buyers, state.market, v.owned[rows], flat)

    def chances(self, market: CarMarket) -> Floats:
        """Chance of each alternative in the year, float64 [rows, 11]."""
        found: Floats = probabilities(self.rows, self.buyers, market) * self.hazard[self.rows, None]
        return found


class EvLayer:
    """Purchases of cars in the base year and the next: electric ones among new and used, by dwelling, by price.

    Parameters
    ----------
    model : MobilityModel
        The baseline at the start of its first year; it walks into its second.
    every : int
        Of the places for a car every so-manieth is looked at.
    """

    name: str = "ev"
    free: tuple[str, ...] = ("asc_bev", "b_price", "b_nohome", "b_charger", "b_peer", "b_supply")

    def __init__(self, model: MobilityModel, every: int = 11) -> None:
        self._parameters, self._every, self._base_year = model.parameters, every, model.year
        self._at_start = float((model.vehicles.powertrain == Powertrain.BEV).sum())
        self._first = _Year.of(model, every)
        buy_cars(model)  # the stock of the second year and its neighbours, by the parameters as they stand
        model.year += 1
        set_conditions(model)
        self._second = _Year.of(model, every)
        model.year = self._base_year

    def outputs(self, theta: Floats) -> Floats:
        """See :class:`Layer`: shares, ratio of dwellings, growth, elasticity, and stock at the end of two years."""
        free = dict(zip(self.free, theta.tolist(), strict=True))
        p = self._parameters.with_values(free)
        first, second = (self._market(year, p, n) for n, year in enumerate((self._first, self._second)))
        chance, later = self._first.chances(first), self._second.chances(second)
        new, used = _bev_shares(chance)
        before = first._replace(
            ln_supply=first.ln_supply - _used_bev(ln_supply(p, self._base_year)[_USED_BEV])
            + _used_bev(ln_supply(p, self._base_year - _YEARS_OF_GROWTH)[_USED_BEV])
        )  # fmt: skip
        growth = used / _bev_shares(self._first.chances(before))[1]
        stock = self._stock(self._first, self._at_start, chance)
        return np.array(
            [
                new,
                used,
                _detached_over_flats(self._first, chance),
                growth,
                self._elasticity(first),
                stock,
                self._stock(self._second, stock, later),
            ]
        )

    def _market(self, year: _Year, p: Parameters, years_on: int) -> CarMarket:
        return year.market._replace(
            constant=purchase_constant(p),
            ln_supply=ln_supply(p, self._base_year + years_on),
            **{symbol: p[symbol] for symbol in ("b_price", "b_nohome", "b_charger", "b_peer")},
        )

    def _stock(self, year: _Year, at_start: float, chance: Floats) -> float:
        """Electric cars at the end of a year that began with ``at_start``."""
        end = self._parameters["h_repl"]
        return at_start * (1.0 - end) + self._every * float(chance[:, [_NEW_BEV, _USED_BEV]].sum())

    def _elasticity(self, market: CarMarket) -> float:
        """Own-price elasticity of the share of new electric cars, at the share that it was measured at."""
        year = self._first
        for _ in range(_ROUNDS):
            share = _new_share(year, market)
            constant = market.constant.copy()
            constant[_NEW_BEV] += np.log(_SHARE_IN_NORWAY / (1 - _SHARE_IN_NORWAY)) - np.log(share / (1 - share))
            market = market._replace(constant=constant)
        price = market.price_keur.copy()
        price[_NEW_BEV] *= 1.0 + _RISE
        dearer = _new_share(year, market._replace(price_keur=price))
        return float(np.log(dearer / _new_share(year, market)) / np.log1p(_RISE))


def _used_bev(value: float) -> Floats:
    found = np.zeros(N_CARS)
    found[_USED_BEV] = value
    return found


def _new_share(year: _Year, market: CarMarket) -> float:
    bought = expected(year.rows, year.hazard, year.buyers, market).bought
    return float(bought[_NEW_BEV] / bought[::2].sum())


def _bev_shares(chance: Floats) -> tuple[float, float]:
    """Share of electric cars among new and among used ones."""
    bought = chance[:, :N_CARS].sum(axis=0)
    return float(bought[_NEW_BEV] / bought[::2].sum()), float(bought[_USED_BEV] / bought[1::2].sum())


def _detached_over_flats(year: _Year, chance: Floats) -> float:
    """Electric cars bought per car owned, in houses over that in flats."""
    bev = chance[:, [_NEW_BEV, _USED_BEV]].sum(axis=1)
    house, flat = (float(bev[at].sum() / (year.owned & at).sum()) for at in (~year.flat, year.flat))
    return house / flat


class EbikeLayer:
    """Purchases of e-bikes in the base year, without a grant and with one."""

    name: str = "ebike"
    free: tuple[str, ...] = ("asc_ebike_buy", "b_price_eb", "h_ebike")
    #: The grant of Sweden in 2018: a quarter of the price.
    _GRANT_SHARE = 0.25

    def __init__(self, model: MobilityModel) -> None:
        self._model = model
        people = model.residents.table
        self._free_to_buy = ~people.ebike
        self._adults = float((people.age >= 18).sum())

    def outputs(self, theta: Floats) -> Floats:
        """See :class:`Layer`: sales per 1,000 adults, and sales with the grant over those without."""
        usual = self._model.parameters
        p = usual.with_values(dict(zip(self.free, theta.tolist(), strict=True)))
        sales = []
        self._model.parameters = p
        try:
            market = ebike_market(self._model)
        finally:
            self._model.parameters = usual
        income = np.clip(self._model.residents.table.income_ratio, 0.2, 5.0).astype(np.float64) ** p["eta_price"]
        for grant in (0.0, self._GRANT_SHARE):
            utility = market.utility - p["b_price_eb"] * income * grant * market.price_eur / 1000.0
            buys = p["h_ebike"] / (1.0 + np.exp(-utility))
            sales.append(float(buys[self._free_to_buy & np.isfinite(market.utility)].sum()))
        return np.array([1000.0 * sales[0] / self._adults, sales[1] / sales[0]])
