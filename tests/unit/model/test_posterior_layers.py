"""Layers of ownership that posteriors are found for: the model's own rules, with the right signs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.calibrate.posterior.layers import EbikeLayer, EvLayer, layer_targets
from zemsim.core.names import Powertrain
from zemsim.model.car_market import purchase_constant
from zemsim.model.model import MobilityModel
from zemsim.model.world import World
from zemsim.model.year import set_conditions


@pytest.fixture
def base(world: World) -> Iterator[MobilityModel]:
    few = small.with_settings(world, years=(2024, 2025), days_in=(2024,))
    model = MobilityModel(few, 1)
    set_conditions(model)
    yield model
    model.close()


def test_the_layer_of_electric_cars_answers_with_the_right_signs(base: MobilityModel) -> None:
    layer = EvLayer(base, every=1)
    usual = np.array([base.parameters[symbol] for symbol in layer.free])
    keys = [target.key for target in layer_targets("ev")]

    def moved(symbol: str, by: float) -> dict[str, float]:
        theta = usual.copy()
        theta[layer.free.index(symbol)] += by
        return dict(zip(keys, layer.outputs(theta) - layer.outputs(usual), strict=True))

    assert moved("asc_bev", 0.5)["bev_new"] > 0
    assert moved("asc_bev", 0.5)["stock_2025"] > moved("asc_bev", 0.5)["stock_2024"] > 0
    assert moved("b_price", -0.02)["price_elasticity"] < 0
    assert moved("b_charger", 0.2)["bev_used"] >= 0
    assert moved("b_peer", 2.0)["bev_new"] >= 0
    assert moved("b_supply", 0.3)["used_growth"] > 0
    assert moved("b_nohome", -0.5)["house_over_flat"] > 0


def test_a_shift_of_electric_cars_is_one_of_their_constants(base: MobilityModel) -> None:
    usual = purchase_constant(base.parameters).reshape(-1, 2)
    moved = purchase_constant(base.parameters.with_values({"asc_bev": 0.25})).reshape(-1, 2)
    assert moved[Powertrain.BEV] == pytest.approx(usual[Powertrain.BEV] + 0.25)
    others = [p for p in Powertrain if p != Powertrain.BEV]
    assert (moved[others] == usual[others]).all()


def test_the_layer_of_e_bikes_sells_more_with_a_grant(base: MobilityModel) -> None:
    layer = EbikeLayer(base)
    usual = np.array([base.parameters[symbol] for symbol in layer.free])
    sales, with_grant = layer.outputs(usual)
    assert sales > 0
    assert with_grant > 1
    steeper = usual.copy()
    steeper[layer.free.index("b_price_eb")] -= 0.3
    assert layer.outputs(steeper)[1] > with_grant
    assert base.parameters["b_price_eb"] == usual[layer.free.index("b_price_eb")], "the model keeps its own"
