"""Every indicator of a run is what its tables add up to, computed a second time from the files."""

from __future__ import annotations

import math

import pytest

from tests.conftest import SmallRun
from tests.evidence.recompute import recompute
from tests.runner.fake import POLICIES
from zemsim.evidence.rows import catalogue
from zemsim.experiment.run_folder import Run, open_run


def agree(run: Run, policy: str, seed: int) -> int:
    table = run.indicators
    table = table[(table["policy"] == policy) & (table["seed"] == seed)]
    found = {(row.year, row.indicator, row.group, row.place): row.value for row in table.itertuples() if row.indicator}
    assert len(found) == len(table), "a row occurs twice"
    expected = recompute(run.folder, policy, seed)
    assert set(found) == set(expected)
    for key, value in expected.items():
        same = (math.isnan(value) and math.isnan(found[key])) or math.isclose(
            found[key], value, rel_tol=1e-9, abs_tol=1e-9
        )
        assert same, f"{key}: {found[key]!r} in the run, {value!r} from its tables"
    return len(found)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_indicator_is_a_sum_over_the_tables(run: Run, policy: str) -> None:
    assert agree(run, policy, 2) > 500


def test_catalogue_and_run_name_the_same_indicators(run: Run) -> None:
    assert set(run.indicators["indicator"]) == set(catalogue())
    units = dict(zip(run.indicators["indicator"], run.indicators["unit"], strict=True))
    assert units == {name: row.unit for name, row in catalogue().items()}


def test_shares_add_up(run: Run) -> None:
    table = run.indicators[run.indicators["indicator"] == "mode_share"]
    people = table["group"].str.partition(" ")[2]
    sums = table.groupby(["policy", "seed", "year", people, "place"])["value"].sum()
    assert sums.between(1 - 1e-12, 1 + 1e-12).all()


@pytest.mark.slow
def test_a_run_of_the_whole_region(small_run: SmallRun) -> None:
    run = open_run(small_run.folder)
    for policy in run.policies:
        assert agree(run, policy, run.seeds[0]) > 1000
