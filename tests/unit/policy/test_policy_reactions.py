"""The levers that let charger companies and municipalities act: their rules by place, year and value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tests.unit.policy.policy_measures import measure
from tests.unit.policy.policy_region import small_region
from zemsim.policy.conditions import conditions
from zemsim.policy.draft import ConflictError, PolicyRegion


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> PolicyRegion:
    folder: Path = tmp_path_factory.mktemp("gtfs")
    return PolicyRegion.of(small_region(folder))


def test_nobody_reacts_without_a_measure(base: PolicyRegion) -> None:
    found = conditions(base, [], 2026)
    assert found.company_rules == found.request_rules == ()


def test_rules_hold_in_their_years_and_places(base: PolicyRegion) -> None:
    companies = measure("charger_companies", until_year=2028)
    requests = measure("points_on_request", install_lag_months=7)
    early, late = (conditions(base, [companies, requests], year) for year in (2026, 2029))
    (rule,), (asked,) = early.company_rules, early.request_rules
    assert (rule.support_share, rule.ready_year, rule.capex(True), rule.capex(False)) == (0.0, 2027, 54_200, 6_500)
    assert conditions(base, [companies], 2028).company_rules[0].support_share == 0.25
    assert (asked.posts_year, asked.ready_year) == (5, 2028)
    assert late.company_rules == ()
    assert late.request_rules[0].posts_year == 10
    assert np.array_equal(asked.zones, base.places.zones(["Jelgava"]))
    assert early != conditions(base, [companies], 2026)
    other = measure("points_on_request", install_lag_months=7, walk_max_m=300)
    assert early != conditions(base, [companies, other], 2026)


def test_two_rules_for_one_place_are_an_error(base: PolicyRegion) -> None:
    for lever in ("charger_companies", "points_on_request"):
        with pytest.raises(ConflictError):
            conditions(base, [measure(lever), measure(lever, id="b", places=["Jelgava"])], 2026)
    here = measure("charger_companies", places=["Jelgava"])
    there = measure("charger_companies", id="b", places=["Bauska"])
    assert len(conditions(base, [here, there], 2026).company_rules) == 2


def test_a_site_cannot_be_busy_and_idle(base: PolicyRegion) -> None:
    with pytest.raises(ValidationError, match="must be below busy_hours_day"):
        measure("charger_companies", idle_hours_day=3.6)
