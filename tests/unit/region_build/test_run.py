"""A built pack runs: a baseline and more buses, end to end on the made-up town."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import zemsim
from zemsim.experiment.experiment import load_experiment
from zemsim.population import synthesise
from zemsim.population.margins import margins_report
from zemsim.region import load_region
from zemsim.region.build.report import Report

EXPERIMENT = """
[experiment]
id = "town"
title = { lv = "Pilsēta", en = "Town" }
region = "zemgale"
years = [2024, 2024]
days_in = [2024]
seeds = 1
day_iterations = 1

[[policy]]
id = "baseline"
title = { lv = "Bez pasākumiem", en = "No measures" }

[[policy]]
id = "more-buses"
title = { lv = "Vairāk autobusu", en = "More buses" }

[[policy.measure]]
id = "more-buses"
lever = "bus_frequency"
from_year = 2024
factor = 2.0
networks = ["regional_bus"]
cost_eur_per_vehicle_km = 1.9
paid_by = "state"
source = "test input"
grade = "assumption"
cost_source = "test input"
cost_grade = "assumption"
"""


def test_population_meets_its_zones(built: tuple[Path, Report]) -> None:
    region = load_region(built[0])
    population = synthesise(region)
    report = margins_report(population, region).set_index("margin")
    assert len(population.residents) == int(region.zones["population"].sum())
    assert report.loc["zones whose population differs", "value"] == 0
    assert not [margin for margin in report.index if "Jelgava" in margin]


def test_baseline_and_more_buses(built: tuple[Path, Report], tmp_path: Path) -> None:
    path = tmp_path / "town.toml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    run = zemsim.run(load_experiment(path, region=str(built[0])), out=tmp_path / "run", threads=1)
    assert run.exit_code == 0
    rows = run.indicators
    trips = rows[(rows["indicator"] == "bus_trips_year") & (rows["group"] == "all") & (rows["place"] == "region")]
    by_policy: pd.Series = trips.set_index("policy")["value"]
    assert by_policy["more-buses"] > by_policy["baseline"] > 0
    told = {row["check"]: row for row in run.verdicts}
    assert told["roads-connected"]["passed"]
    assert not told["region-holds-distances"]["passed"]
