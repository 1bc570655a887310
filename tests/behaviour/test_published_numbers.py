"""Parameters and factors that were taken or derived from a published figure are still what that figure gives.

Each row holds the published figures and the sum that makes the value of them, with the source. What a model was
calibrated to, or what is from memory or an assumption, is not here: nothing published says what it must be.
"""

from __future__ import annotations

import math

import pytest

from zemsim.behaviour.parameters import load_parameters
from zemsim.evidence.factors import load_factors

USUAL = load_parameters()
FACTORS = load_factors()

#: symbol, what the figures give, how far rounding may take the value from it, source.
PARAMETERS = (
    ("w_temp", math.log(1.026), 5e-4, "Tin Tin et al. 2012, Environmental Health 11:12: 2.6 % more cycling per degree"),
    ("w_rain", math.log(1 - 0.015), 5e-4, "Tin Tin et al. 2012, Environmental Health 11:12: 1.5 % less cycling per mm"),
    ("w_snow_bare", 0.912, 0, "Fenre and Klein-Paste 2021: willing to cycle in winter on a bare road"),
    ("w_snow_deep", 0.183, 0, "Fenre and Klein-Paste 2021: the same on a very heavy one"),
    ("eta_vot_gdp", 0.9, 0, "Abrantes and Wardman 2011, Transportation Research Part A 45"),
    ("T_cap", 5, 0, "Hidrue et al. 2011: about five years of fuel saved are counted"),
    ("k_ebike", 2.78651 / 3.68053, 5e-3, "ETH E-Bike City, code: minutes by e-bike over those by bike"),
    ("w_peer_work", 0.077 / (0.077 + 0.111), 5e-3, "Tebbe, Sweden: EVs caused at the workplace and among neighbours"),
    ("f_phev", 4.2 / (1 - 0.47), 0.05, "ICCT and Fraunhofer ISI 2022: 4.0 to 4.4 l/100 km at 45 to 49 % electric"),
    ("E_fuel_cons_sr", -0.34, 0, "Brons et al. 2008"),
    ("E_fuel_cons_lr", -0.84, 0, "Brons et al. 2008"),
    (
        "E_bev_x",
        (0.36 + 0.48) / 2,
        1e-9,
        "Fridstrøm and Østli 2021, ETRR 13:3: to prices of petrol, diesel cars",
    ),
    ("S_ebike_pt", 0.33, 0, "Bigazzi and Wong 2020: what trips by e-bike replace"),
    ("S_ebike_bike", 0.27, 0, "Bigazzi and Wong 2020: what trips by e-bike replace"),
    ("S_ebike_car", 0.24, 0, "Bigazzi and Wong 2020: what trips by e-bike replace"),
    ("S_ebike_walk", 0.10, 0, "Bigazzi and Wong 2020: what trips by e-bike replace"),
    ("scc_2030", 250, 0, "EIB Group Climate Bank Roadmap 2021-2025, EUR of 2016"),
    ("scc_2050", 800, 0, "EIB Group Climate Bank Roadmap 2021-2025, EUR of 2016"),
    ("x_car", 12.0, 0, "CE Delft, INFRAS and Ricardo 2019, Handbook on the external costs of transport"),
    ("n_home", 4.4, 0, "TØI, survey of Norwegian EV owners: sessions at home a week"),
    ("n_work", 1.1, 0, "TØI, survey of Norwegian EV owners: sessions at work a week"),
)
#: symbol, lowest and highest of what was published, source.
WITHIN = (
    ("passthru", 0.73, 0.85, "Muehlegger and Rapson 2022"),
    ("uf_phev", 0.45, 0.49, "ICCT and Fraunhofer ISI 2022, private owners in Europe"),
    ("age_used", 11.0, 12.0, "mean age of imported used cars, 11.5 years: fact used_imports_mean_age"),
    ("pen_transfer", 8.9, 16.4, "eqasim code: CH 0.17/0.0192 to Île-de-France 0.418/0.0255 minutes"),
    ("b_tr", -0.953, -0.17, "eqasim code: Corsica -0.17 to Île-de-France (HERE) -0.953"),
    ("b_acc", -0.0804, -0.0312, "eqasim code: Île-de-France -0.0312, Corsica -0.0804"),
    ("b_pt", -0.043, -0.017, "eqasim code: Île-de-France -0.0255, Corsica -0.017, Île-de-France (HERE) -0.043"),
    ("b_bike", -0.0935, -0.05, "eqasim code: Corsica -0.05 to Île-de-France -0.0935"),
    (
        "wtp_range_short",
        47 / 1.609,
        75 / 1.609,
        "Dimitropoulos et al. 2013, Hidrue et al. 2011: 35 to 75 USD a mile",
    ),
)
#: key, what the figures give, how far rounding may take the value from it, source.
OF_EVIDENCE = (
    ("petrol_ttw_kg_l", 69.3 * 44.3 * 0.745 / 1000, 5e-3, "IPCC 2006: t/TJ x MJ/kg x kg/l"),
    ("diesel_ttw_kg_l", 74.1 * 43.0 * 0.832 / 1000, 5e-3, "IPCC 2006: t/TJ x MJ/kg x kg/l"),
    ("grid_kg_kwh", 0.1232, 5e-4, "Our World in Data, Ember: mean of Latvian generation in 2023"),
)


@pytest.mark.parametrize(("symbol", "published", "rounding", "source"), PARAMETERS, ids=lambda x: str(x)[:20])
def test_parameters_are_what_their_sources_give(symbol: str, published: float, rounding: float, source: str) -> None:
    assert USUAL[symbol] == pytest.approx(published, rel=0, abs=rounding + 1e-12), source


@pytest.mark.parametrize(("symbol", "low", "high", "source"), WITHIN, ids=lambda x: str(x)[:20])
def test_parameters_lie_among_what_was_published(symbol: str, low: float, high: float, source: str) -> None:
    assert low <= USUAL[symbol] <= high, source


@pytest.mark.parametrize(("key", "published", "rounding", "source"), OF_EVIDENCE, ids=lambda x: str(x)[:20])
def test_factors_are_what_their_sources_give(key: str, published: float, rounding: float, source: str) -> None:
    assert FACTORS[key] == pytest.approx(published, rel=0, abs=rounding + 1e-12), source


def test_parameters_that_follow_from_others() -> None:
    """Sums that the table's sources state in words."""
    p = USUAL
    assert p["vot_car_other"] == pytest.approx(0.8 * p["vot_car_commute"])  # HEATCO: other private travel
    assert 0.45 * 10.5 <= p["vot_car_commute"] <= 0.55 * 10.5  # share of the hourly wage
    assert p["home_load_kw"] == pytest.approx(4400 / 8760, abs=5e-3)  # a house of 4,400 kWh a year
    assert p["e_phev20"] == pytest.approx(1.15 * p["e_bev20"], abs=5e-3)  # 15 % above a BEV
    assert 0.45 <= p["p_bev_used"] / p["p_bev"] <= 0.60  # used over new
    minutes = p["charger_walk_km"] * p["charger_detour_ratio"] / p["v_walk"] * 60.0
    assert minutes == pytest.approx(24.0, abs=0.5)  # what the longest walk from a charger is said to be
    assert p["eta_ch"] == FACTORS["charger_efficiency"]
    assert p["e_bus"] == FACTORS["bus_electric_kwh_km"]
