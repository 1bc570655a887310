"""What charger companies do by their rule: points where use and waits are high, within a budget and a connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.model.small_world import COMPANIES, run, with_settings
from zemsim.core.schema import check_table
from zemsim.model.charger_companies import SiteDecision, SiteUse, plan_points
from zemsim.model.model import MobilityModel
from zemsim.policy.rules import CompanyRule

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.model.world import World

RULE = CompanyRule(
    "m",
    zones=np.ones(3, np.bool_),
    busy_hours_day=4.0,
    busy_wait_min=2.0,
    idle_hours_day=0.5,
    idle_years=3,
    most_points=4,
    grid_kw=200.0,
    station_points=2,
    budget_eur_year=100_000.0,
    ready_year=2027,
    capex_eur=(5_000.0, 50_000.0),
    support_share=0.0,
)
BUSY = SiteUse("b", 0, True, 2, 50.0, np.inf, hours_day=6.0, wait_min=3.0)
BUSIER = SiteUse("a", 1, True, 2, 50.0, np.inf, hours_day=8.0, wait_min=3.0)
QUIET = SiteUse("q", 2, False, 2, 22.0, np.inf, hours_day=0.2, wait_min=0.0, idle_years=3)
SITES = (BUSY, BUSIER, QUIET)


def planned(sites: tuple[SiteUse, ...] = SITES, **changes: Any) -> dict[str, tuple[str, str, int]]:
    made = plan_points(replace(RULE, **changes), sites)
    return {d.site.site_id: (d.action, d.why, d.points) for d in made}


def test_the_busiest_site_comes_first_and_the_budget_ends_it() -> None:
    assert planned() == {"a": ("add", "busy", 1), "b": ("add", "busy", 1), "q": ("take_away", "idle", -1)}
    poor = planned(budget_eur_year=99_999.0)
    assert poor["a"] == ("add", "busy", 1)
    assert poor["b"] == ("refuse", "no_budget", 0)
    helped = planned(budget_eur_year=50_000.0, support_share=0.5)
    assert {helped["a"][0], helped["b"][0]} == {"add"}


def test_a_site_that_cannot_grow_gets_a_station_beside_it_once() -> None:
    at_limit = replace(BUSIER, points=4)
    twin = replace(at_limit, site_id="c")
    found = planned((at_limit, twin))
    assert found == {"a": ("open", "busy", 2), "c": ("refuse", "no_grid", 0)}
    quiet_station = replace(at_limit, site_id="new", points=2, hours_day=0.0, wait_min=0.0, known=False)
    assert planned((at_limit, quiet_station)) == {"a": ("refuse", "no_grid", 0)}
    assert planned((at_limit,), station_points=0) == {"a": ("refuse", "no_grid", 0)}


def test_the_connection_binds() -> None:
    """Three points of 50 kW need 150 kW, as the site says, or the rule where the site says nothing."""
    assert planned((BUSY,), grid_kw=150.0, station_points=0)["b"] == ("add", "busy", 1)
    assert planned((BUSY,), grid_kw=149.0, station_points=0)["b"] == ("refuse", "no_grid", 0)
    assert planned((replace(BUSY, site_kw=149.0),), station_points=0)["b"] == ("refuse", "no_grid", 0)


def test_use_and_wait_must_both_be_high_and_idleness_must_last() -> None:
    assert not planned((replace(BUSY, wait_min=1.9),))
    assert not planned((replace(BUSY, hours_day=3.9),))
    assert not planned((replace(QUIET, idle_years=2),))
    assert not planned((replace(QUIET, points=1),))


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({"busy_hours_day": 7.0}, -1),
        ({"busy_wait_min": 5.0}, -1),
        ({"budget_eur_year": 50_000.0}, -1),
        ({"grid_kw": 99.0}, -1),
        ({"most_points": 2, "station_points": 0}, -1),
        ({"capex_eur": (5_000.0, 90_000.0)}, -1),
        ({"idle_years": 4}, 1),
        ({"support_share": 0.5, "budget_eur_year": 50_000.0}, 0),
        ({"station_points": 0, "grid_kw": 100.0}, -1),
    ],
)
def test_signs(changes: dict[str, Any], sign: int) -> None:
    """Points less those taken away, against the usual rule."""
    usual = sum(d.points for d in plan_points(RULE, SITES))
    other = sum(d.points for d in plan_points(replace(RULE, **changes), SITES))
    assert np.sign(other - usual) == sign


def test_a_budget_is_never_exceeded() -> None:
    """Whatever the sites: what the company bears of its decisions of a year stays within the budget."""
    luck = np.random.default_rng(5)
    for _ in range(200):
        sites = tuple(
            SiteUse(f"s{k}", int(luck.integers(3)), bool(luck.integers(2)), int(luck.integers(1, 5)), 50.0, np.inf,
                    float(luck.uniform(0, 12)), float(luck.uniform(0, 6)), int(luck.integers(5)))
            for k in range(8)
        )  # fmt: skip
        rule = replace(RULE, budget_eur_year=float(luck.uniform(0, 3e5)), support_share=float(luck.uniform(0, 1)))
        made: list[SiteDecision] = plan_points(rule, sites)
        own = sum(d.cost_eur for d in made) * (1.0 - rule.support_share)
        assert own <= rule.budget_eur_year + 1e-6
        assert made == plan_points(rule, sites[::-1])
        for d in made:
            if d.action == "add":
                assert (d.site.points + d.points) * d.site.power_kw <= rule.grid_kw
                assert d.site.points + d.points <= rule.most_points


@pytest.fixture(scope="module")
def runs(world: World) -> dict[str, dict[str, pd.DataFrame]]:
    small = with_settings(world, years=(2024, 2025, 2026), days_in=(2024, 2026), day_iterations=1, first_iterations=0)
    model = MobilityModel(small, seed=1)
    found = {
        "rule": run(model, "rule", COMPANIES),
        "baseline": run(model),
        "again": run(model, "rule", COMPANIES),
    }
    late = COMPANIES | {"from_year": 2025, "install_lag_months": 12}
    found["late"] = run(model, "rule", late)
    found["idle"] = run(
        model, "companies", COMPANIES | {"busy_hours_day": 24.0, "idle_hours_day": 23.0, "idle_years": 1}
    )
    model.close()
    return found


def test_points_are_ordered_stand_a_year_later_and_are_booked(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    made = runs["rule"]["reactions"]
    check_table(made, "reactions")
    assert set(made["actor"]) == {"company"}
    assert {"add", "open"} <= set(made["action"])
    ordered = made[(made["year"] == 2024) & (made["points"] > 0)]
    assert len(ordered) > 0
    assert (ordered["ready_year"] == 2025).all()
    points = {
        name: runs[name]["stations"].groupby(["year", "site_id"])["points"].max() for name in ("rule", "baseline")
    }
    added = made[(made["action"] == "add") & (made["ready_year"] <= 2026)].groupby("site_id")["points"].sum()
    for site, more in added.items():
        assert points["rule"][2026, site] == points["baseline"][2024, site] + more
        assert points["rule"][2024, site] == points["baseline"][2024, site]
    opened = set(made.loc[made["action"] == "open", "site_id"])
    assert opened & set(points["rule"].loc[2026].index)
    assert not opened & set(points["rule"].loc[2024].index)
    assert "refuse" in set(made["action"])


def test_who_pays_what(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    """Each company stays within its budget of its own money; support and upkeep are lines of the ledger."""
    made, paid = runs["rule"]["reactions"], runs["rule"]["payments"]
    own = made.groupby(["year", "actor_name"])["cost_eur"].sum() * 0.75
    assert own.max() <= 120_000.0
    lines = paid[paid["item"] == "chargers"].groupby(["year", "payer"])["amount_eur"].sum()
    for year, cost in made.groupby("year")["cost_eur"].sum().items():
        assert lines[year, "operator"] == pytest.approx(0.75 * cost)
        assert lines[year, "state"] == pytest.approx(0.25 * cost)
    upkeep = paid[paid["item"] == "upkeep"].groupby("year")["quantity"].sum()
    assert upkeep[2024] == 0.0
    assert upkeep[2025] == made.loc[(made["year"] == 2024) & (made["points"] > 0), "points"].sum()
    assert set(paid.loc[paid["item"] == "upkeep", "payer"]) == {"operator"}


def test_off_is_off_and_a_run_repeats_itself(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    assert len(runs["baseline"]["reactions"]) == 0
    for name, table in runs["rule"].items():
        assert table.equals(runs["again"][name]), name
    late = runs["late"]["reactions"]
    assert late["year"].min() == 2025
    assert set(late.loc[late["points"] > 0, "ready_year"]) <= {2027, 2028}


def test_idle_points_go_but_never_the_last(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    made = runs["idle"]["reactions"]
    assert set(made["action"]) == {"take_away"}
    points = runs["idle"]["stations"].groupby(["year", "site_id"])["points"].max()
    taken = made[made["year"] < 2026].groupby("site_id")["points"].sum()
    for site, less in taken.items():
        assert points[2026, site] == points[2024, site] + less >= 1
    assert runs["idle"]["payments"].query("item == 'upkeep'")["quantity"].sum() == 0.0
