"""From a run folder on the disk to the page and the terminal, through the real reader and comparison."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.report.html_outline import outline
from tests.runner.fake import POLICIES, FakeEngine
from zemsim.core.fingerprint import of_file
from zemsim.experiment.progress import silent
from zemsim.experiment.run_folder import Run, open_run
from zemsim.experiment.runner import run_engine
from zemsim.region import load_region
from zemsim.report.page import write_report
from zemsim.report.results import Results
from zemsim.report.sources import extra_sites, gather, headline_of
from zemsim.report.terminal import print_table


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_engine(FakeEngine(), tmp_path_factory.mktemp("run"), 1, silent)


def test_the_page_of_a_run_folder(run: Run) -> None:
    path = write_report(run)
    assert path == run.folder / "report" / "index.html"
    found = outline(path.read_text(encoding="utf-8"))
    text = " ".join(found.text)
    assert "Made up <b>" in text
    assert ("b", ()) not in found.elements
    assert "carries no summary of the region" in text
    assert "The region pack gives no list of sources." in text
    assert text.count("Trips per resident and day") == 1
    drawn = [value for tag, name, value in found.attributes if tag == "path" and name == "class" and value[0] in "ds"]
    assert len(drawn) >= 2 * 7


def test_writing_the_page_leaves_the_run_whole(run: Run) -> None:
    before = of_file(run.folder / "manifest.json")
    first = write_report(run).read_bytes()
    assert of_file(run.folder / "manifest.json") == before
    assert write_report(open_run(run.folder)).read_bytes() == first


def test_headline_has_the_total_of_co2(run: Run) -> None:
    table = headline_of(run)
    base = table[table["policy"] == "baseline"]["co2_wtw_total_kg_diff"]
    assert base.isna().all()
    assert table[table["policy"] != "baseline"]["co2_wtw_total_kg_diff"].notna().all()


def test_the_terminal_table_of_a_run(run: Run) -> None:
    stream = io.StringIO()
    print_table(run, "lv", Console(file=stream, width=100))
    assert max(len(line) for line in stream.getvalue().splitlines()) <= 100
    for policy in POLICIES:
        assert policy in stream.getvalue()


def test_small_cells_do_not_reach_the_page(run: Run) -> None:
    inputs = gather(run)
    places = [f"z{i}" for i in range(8)]
    shown = inputs.results.by_place("car_km_per_resident_day", places)["baseline"]
    counts = (
        run.indicators[run.indicators["indicator"] == "residents"].set_index("place")["value"].groupby(level=0).min()
    )
    few = [place for place in places if counts.get(place, 0) < 10]
    assert few
    assert shown[few].isna().all(axis=None)
    assert shown.drop(columns=few).notna().any(axis=None)


def test_a_run_with_a_failed_policy_still_has_a_page(tmp_path: Path) -> None:
    failed = run_engine(FakeEngine(raises=POLICIES[-1]), tmp_path, 1, silent)
    text = " ".join(outline(write_report(failed, language="en").read_text(encoding="utf-8")).text)
    assert "Caution: " in text
    assert "✗ failed" in text


def test_added_chargers_come_from_the_measures() -> None:
    from zemsim.policy.catalogue import catalogue

    region = load_region("zemgale")
    hubs = catalogue()["fast-charging-hubs"].model_dump(mode="json", exclude_none=True)
    rows = [{"id": "baseline", "measures": []}, {"id": "hubs", "measures": [hubs]}, {"id": "none", "measures": []}]
    results = _results(rows)
    found = extra_sites(results, region)
    assert list(found) == ["hubs"]
    assert len(found["hubs"]) == len(hubs["places"]) * 2
    inside = region.zones[region.zones["kind"] == "populated"]
    assert {x for x, _ in found["hubs"]} <= set(inside["x_m"])


def _results(policies: list[dict[str, object]]) -> Results:
    import pandas as pd

    head = pd.DataFrame({"policy": [row["id"] for row in policies]})
    head.attrs["year"] = 2035
    columns = ["policy", "seed", "year", "indicator", "unit", "group", "place", "value"]
    return Results({"experiment": {"policies": policies}}, pd.DataFrame(columns=columns), head)
