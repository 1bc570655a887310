"""What the population refuses, and the pieces that only faults reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.reference.population_region import SmallRegion, small_region
from zemsim.core.errors import ZemsimError
from zemsim.core.names import DayType
from zemsim.kernels import day_plan
from zemsim.kernels.commuting import balanced_flows
from zemsim.kernels.destinations import choose_zones
from zemsim.population import synthesise
from zemsim.population.fitting import largest_remainder, logit, rake_types, shift_logit
from zemsim.population.households import TYPES, fit_households, lay_into_zones, type_members, type_sizes
from zemsim.population.inputs import ordered_zones, populated
from zemsim.population.plans import day_rates, groups


@pytest.fixture(scope="module")
def region() -> SmallRegion:
    return small_region(6_000)


def with_assumption(region: SmallRegion, key: str, value: float) -> SmallRegion:
    return replace(region, assumptions={**region.assumptions, f"population.{key}": value})


def with_fact(region: SmallRegion, fact_id: str, value: float) -> SmallRegion:
    return replace(region, facts={**region.facts, fact_id: value})


def test_a_region_without_its_capital_is_refused(region: SmallRegion) -> None:
    zones = region.zones.copy()
    zones.loc[zones["settlement_id"] == "riga", "settlement_id"] = "elsewhere"
    with pytest.raises(ValueError, match="one gate of settlement 'riga'"):
        synthesise(replace(region, zones=zones))


def test_jobs_in_the_capital_that_do_not_fit_are_an_error_with_the_range(region: SmallRegion) -> None:
    zones = region.zones.copy()
    zones.loc[zones["settlement_id"] == "riga", "jobs"] = 90_000.0
    with pytest.raises(ZemsimError, match=r"90000 jobs; .* between \d+ and \d+"):
        synthesise(replace(region, zones=zones))


def test_a_zone_without_a_dwelling_is_refused(region: SmallRegion) -> None:
    zones = region.zones.copy()
    zones.loc[4, ["dwellings_house", "dwellings_flat"]] = 0.0
    with pytest.raises(ValueError, match="no dwelling"):
        synthesise(replace(region, zones=zones))


def test_a_region_without_schools_is_refused(region: SmallRegion) -> None:
    with pytest.raises(ValueError, match="no school places"):
        synthesise(replace(region, zones=region.zones.assign(school_places=0.0)))


def test_too_few_places_are_stretched(region: SmallRegion) -> None:
    zones = region.zones.assign(school_places=region.zones["school_places"] * 0.5)
    pupils = synthesise(replace(region, zones=zones)).residents
    assert (pupils.loc[pupils["student"], "school_zone_idx"] >= 0).all()


def test_a_survey_that_nobody_can_meet_is_an_error(region: SmallRegion) -> None:
    population = synthesise(region)
    who, km = groups(population), np.zeros(len(population.residents))
    lazy = with_fact(region, "mobility_survey.latvia.mobile_share_workday.2021", 30.0)
    with pytest.raises(ZemsimError, match="no plan of a weekday"):
        day_rates(lazy, who, km, DayType.WEEKDAY)
    greedy = with_assumption(region, "trip_share_leisure.weekend", 0.7)
    with pytest.raises(ZemsimError, match="leave nothing for business"):
        day_rates(greedy, who, km, DayType.WEEKEND)
    escorts = with_assumption(with_assumption(region, "trip_share_escort.weekend", 0.4), "escort_child_weight", 500.0)
    escorts = with_assumption(escorts, "trip_share_leisure.weekend", 0.1)
    with pytest.raises(ZemsimError, match="too few adults live with children"):
        day_rates(escorts, who, km, DayType.WEEKEND)


def test_rates_meet_their_targets_in_expectation(region: SmallRegion) -> None:
    population = synthesise(region)
    who = groups(population)
    target, rates = day_rates(region, who, np.zeros(len(population.residents)), DayType.WEEKDAY)
    mandatory = rates.mandatory[who.surveyed]
    mobile = mandatory + (1.0 - mandatory) * rates.go
    extra = 2.0 * (mandatory * rates.extra_mandatory + (1.0 - mandatory) * rates.go * rates.extra)
    assert mobile.mean() == pytest.approx(target.mobile_share)
    assert (mobile + extra).mean() == pytest.approx(target.tours_per_person)
    assert sum(target.purpose_share.values()) == pytest.approx(1.0)
    assert sum(rates.other.values()) == pytest.approx(1.0)


def test_raking_meets_bands_and_sizes() -> None:
    members = type_members()
    totals = np.array([[800.0, 500.0, 1400.0, 1400.0, 1100.0]])
    sizes = np.array([0.34, 0.30, 0.175, 0.12, 0.065])
    weights = rake_types(np.ones(len(TYPES)), members, totals, sizes, iterations=1500)
    assert weights @ members == pytest.approx(totals, rel=1e-3)
    found = np.array([weights[0, np.minimum(type_sizes(), 5) == s + 1].sum() for s in range(5)]) / weights.sum()
    assert found == pytest.approx(sizes, abs=2e-3)


def test_whole_households_hold_exactly_the_persons(region: SmallRegion) -> None:
    totals = np.array([[311, 187, 533, 548, 421], [1555, 935, 2666, 2740, 2104]])
    counts = fit_households(region, totals)
    assert np.array_equal(counts @ type_members(), totals)
    with pytest.raises(ValueError, match="may be too small"):
        fit_households(region, np.array([[40, 1, 1, 1, 1]]))


def test_tiny_zones_are_filled_exactly(region: SmallRegion) -> None:
    """Zones of one to six residents beside a large one: families move to where they fit."""
    zones = ordered_zones(region)
    homes = zones[populated(zones) & (zones["municipality"] == "Jelgava").to_numpy()].iloc[:7].copy()
    homes["population"] = [1, 2, 3, 4, 5, 6, 1979]
    totals = np.array([[311, 187, 533, 548, 421]])
    frame = lay_into_zones(homes, ["Jelgava"], fit_households(region, totals), seed=1)
    people = np.bincount(frame.zone_idx, weights=frame.size_pers)[homes.index]
    assert people.tolist() == homes["population"].tolist()


def test_small_helpers_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="above zero"):
        largest_remainder([0.0, 0.0], 3)
    shifted = shift_logit(np.array([0.2, 0.6]), np.array([1.0, 3.0]), 0.7)
    assert (shifted * [1.0, 3.0]).sum() / 4.0 == pytest.approx(0.7)
    assert np.diff(logit(shifted))[0] == pytest.approx(np.diff(logit([0.2, 0.6]))[0])


def test_kernel_wrappers_check_their_arrays() -> None:
    one, whole = np.ones(2), np.zeros(2, dtype=np.int64)
    with pytest.raises(ValueError, match="resistance has shape"):
        choose_zones(one, np.ones((2, 3)), 1.0, whole, one)
    for origins in (whole + 2, np.array([0, -1])):
        with pytest.raises(ValueError, match="not a zone"):
            choose_zones(one, np.ones((2, 2)), 1.0, origins, one)
    with pytest.raises(ValueError, match="starts must run"):
        day_plan.schedule(np.array([0, 1]), whole, whole, whole, whole)
    for starts in ([1, 2], [0, 3, 2], [0, 1]):
        with pytest.raises(ValueError, match="starts must run"):
            day_plan.schedule(np.array(starts), whole, whole, whole, whole)
    for place in range(3):
        times = [whole, whole, whole]
        times[place] = np.array([-1, 7])
        with pytest.raises(ValueError, match="zero or more"):
            day_plan.schedule(np.array([0, 2]), whole, *times)
    good = (np.ones((2, 2)), one, whole, whole, whole, one, np.full((1, 1), np.nan))
    assert balanced_flows(*good).sum() == pytest.approx(2.0)
    mixed = np.array([-1, 0])
    short = ((place, np.ones(3)) for place in (1, 5))
    below = ((place, mixed) for place in (2, 3, 4))
    for place, wrong in (
        *short,
        *below,
        (2, whole + 1),
        (3, whole + 1),
        (2, np.array([0, 1])),
        (3, np.array([0, 1])),
        (2, np.zeros(3, np.int64)),
        (4, np.zeros(3, np.int64)),
    ):
        bad = (*good[:place], wrong, *good[place + 1 :])
        with pytest.raises(ValueError, match=r"must|target"):
            balanced_flows(*bad)
