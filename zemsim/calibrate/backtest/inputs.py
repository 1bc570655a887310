"""Changes that no lever can say, as inputs of the model; each says what it sets and what it leaves out.

They are set in every year by two steps of the model's schedule: what buyers must see right after the conditions of the
year, what drivers pay right before the days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.calibrate.backtest.changes import Change, CordonPrice, EbikeLoan, LowEmissionZone, Peers
from zemsim.calibrate.backtest.quantities import crosses
from zemsim.core.names import DayType, Powertrain, Season
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.model.car_market import car_prices_keur
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import SCHEDULE, Schedule, Step
from zemsim.model.world import World

if TYPE_CHECKING:
    from zemsim.calibrate.backtest.settings import Base

_ADULT_AGE = 18
#: Draws of the stream: who borrows an e-bike, and whose car becomes an electric one.
_BORROW, _PEER = 0, 1
#: Parameter that is the price of a kind of car, and the place of one such car among the alternatives of a purchase.
CAR_PRICES = {
    "new_bev": ("p_bev", 2 * Powertrain.BEV),
    "used_bev": ("p_bev_used", 2 * Powertrain.BEV + 1),
    "new_combustion": ("p_ice", 2 * Powertrain.PETROL),
    "used_combustion": ("p_used", 2 * Powertrain.PETROL + 1),
}


@dataclass
class Inputs:
    """What the steps of a back-test do: the change of a case, before or after; nothing before its first year."""

    change: Change
    first_year: int
    after: bool = False

    def schedule(self) -> Schedule:
        """The schedule of a model with these steps."""
        names = [step.name for step in SCHEDULE.year]
        before_days = names[names.index("simulate days") - 1]
        with_stock = SCHEDULE.with_step(Step("set the stock of the back-test", self.set_stock), after="set conditions")
        return with_stock.with_step(Step("set the charges of the back-test", self.set_charges), after=before_days)

    def set_stock(self, model: MobilityModel) -> None:
        """Set the cars and e-bikes that the change states for the model's year."""
        self._set(model, _STOCK)

    def set_charges(self, model: MobilityModel) -> None:
        """Set what drivers pay in the model's year by the change."""
        self._set(model, _CHARGES)

    def _set(self, model: MobilityModel, setters: Mapping[str, Callable[..., None]]) -> None:
        if self.change.kind in setters:
            setters[self.change.kind](model, self.change, self.after and model.year >= self.first_year)


@dataclass(frozen=True)
class Usual:
    """Parameters and world of a model as its fit left them."""

    parameters: Parameters
    world: World


def prepare(model: MobilityModel, change: Change, after: bool, usual: Usual) -> None:
    """Set, before a run starts, what holds for all of it: prices of cars and temperatures."""
    model.parameters, model.world = usual.parameters, usual.world
    if change.kind == "car_price":
        factor = change.after_factor if after else change.before_factor
        model.parameters = scaled_car_prices(usual.parameters, {f"new_{change.cars}": factor})
    if change.kind == "temperature":
        value = change.after_c if after else change.before_c
        model.world = replace(usual.world, temperature_c=dict.fromkeys(Season, value))


def scaled_car_prices(parameters: Parameters, factors: Mapping[str, float]) -> Parameters:
    """Parameters with the prices of kinds of cars multiplied, in all years."""
    table = dict(parameters.table)
    for kind, factor in factors.items():
        symbol = CAR_PRICES[kind][0]
        table[symbol] = replace(table[symbol], value=table[symbol].value * factor)
    return replace(parameters, table=table)


def stated_car_prices(parameters: Parameters, prices_eur: Mapping[str, float], year: int) -> Parameters:
    """Parameters with the prices of kinds of cars that hold in a year."""
    usual = 1000.0 * car_prices_keur(parameters, year)
    return scaled_car_prices(parameters, {kind: eur / usual[CAR_PRICES[kind][1]] for kind, eur in prices_eur.items()})


def stated_parameters(parameters: Parameters, base: Base, year: int) -> Parameters:
    """Parameters with what a base states of its place: prices of cars in a year, workplaces where staff can charge."""
    stated = stated_car_prices(parameters, base.car_prices.stated(), year)
    if base.work_charging is None:
        return stated
    work = replace(stated.table["work_access_share"], value=base.work_charging.value)
    return replace(stated, table={**stated.table, work.symbol: work})


def cordon(model: MobilityModel, change: CordonPrice | LowEmissionZone, after: bool) -> None:
    """Add the charge of two passages to the fee of parking of weekday tours with one end in the centre.

    A car of the household is taken, and a mode chosen, by that fee as by one of parking. Through traffic does not pay,
    since routes are not known when modes are chosen; and neither a car that is bought nor the choice of a destination
    counts the charge.
    """
    petrol, electric = (2.0 * eur / model.parameters["k_park"] for eur in change.toll_eur(after))
    plan = model.plans[DayType.WEEKDAY]
    passes = crosses(model, plan.columns.origin, plan.columns.dest)
    plan.allotment.parking_eur[passes] += petrol
    plan.allotment.parking_ev_eur[passes] += electric


def borrowers(model: MobilityModel, change: Change) -> npt.NDArray[np.bool_]:
    """Who has an e-bike on loan after the change, bool [P]; everybody where nothing is lent."""
    residents = model.residents.table
    if change.kind != "ebike_loan":
        return np.ones(len(residents.age), np.bool_)
    return _luck(model, _BORROW) < change.after_adult_share


def _luck(model: MobilityModel, draw: int) -> npt.NDArray[np.float64]:
    """A draw of each adult; 1 for all others, who never are among the chosen."""
    residents = model.residents.table
    luck = uniforms(model.seed, int(Stream.BACKTEST), residents.resident_id, draw)
    return np.where(residents.age >= _ADULT_AGE, luck, 1.0)


def ebike_loan(model: MobilityModel, change: EbikeLoan, after: bool) -> None:
    """Adults whose luck lies below the share have an e-bike at hand, for nothing, while the change holds."""
    share = change.after_adult_share if after else change.before_adult_share
    model.residents.table.ebike[_luck(model, _BORROW) < share] = True


def peers(model: MobilityModel, change: Peers, after: bool) -> None:
    """Turn cars of some households into electric ones until they have the stated share; no purchase counts them."""
    vehicles = model.vehicles
    wanted = round(change.after_stock_share * vehicles.owned.sum()) if after else 0
    missing = wanted - int(vehicles.electric.sum())
    if missing <= 0:
        return
    luck = uniforms(model.seed, int(Stream.BACKTEST), vehicles.vehicle_id, _PEER)
    order = np.argsort(np.where(vehicles.electric | ~vehicles.owned, 2.0, luck), kind="stable")
    price = model.conditions.price["electricity_home_eur_kwh"]
    vehicles.plug_in_new(order[:missing], model.parameters["batt_new"], model.seed, price)


_STOCK: dict[str, Callable[..., None]] = {"ebike_loan": ebike_loan, "peers": peers}
_CHARGES: dict[str, Callable[..., None]] = {"cordon_price": cordon, "low_emission_zone": cordon}
