"""``zemsim region show``: what the pack holds, on the terminal and as a page."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.report.html_outline import outline
from zemsim.region import load_region
from zemsim.region.region import Region
from zemsim.report.region_page import print_region, write_region_page


@pytest.fixture(scope="module")
def zemgale() -> Region:
    return load_region("zemgale")


@pytest.fixture(scope="module")
def region_page(zemgale: Region, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write_region_page(zemgale, tmp_path_factory.mktemp("region"))
    assert path.name == "index.html"
    return path.read_text(encoding="utf-8")


def test_the_terminal_shows_totals_and_what_is_estimated(zemgale: Region) -> None:
    stream = io.StringIO()
    print_region(zemgale, "en", Console(file=stream, width=100))
    text = stream.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 100
    people = int(zemgale.zones["population"].sum())
    assert f"{people:,}" in text
    assert "Estimated" in text
    assert "Jēkabpils novads" in text
    assert zemgale.digest() in text


def test_the_page_draws_every_zone_the_roads_stops_and_chargers(zemgale: Region, region_page: str) -> None:
    sheet = region_page.split('<div class="sheet"')[1]
    zones = sheet.split('<g class="zones">')[1].split("</g>")[0]
    assert zones.count("<path") == (zemgale.zones["kind"] == "populated").sum()
    roads = sheet.split('<g class="roads">')[1].split("</g>")[0]
    links = zemgale.road_links
    assert roads.count("M") == links["road_class"].isin(["main", "regional", "local", "street"]).sum()
    assert sheet.split('<g class="stops">')[1].split("</g>")[0].count("<circle") > 50
    assert sheet.split('<g class="chargers">')[1].split("</g>")[0].count("<circle") > 10


def test_the_page_stands_alone(region_page: str) -> None:
    links = [value for _, name, value in outline(region_page).attributes if name in ("src", "href")]
    assert all(value.startswith("#") for value in links)
    policies = [value for _, name, value in outline(region_page).attributes if name == "content"]
    assert any(value.startswith("default-src 'none'; ") for value in policies)
    assert "style" not in {name for _, name, _ in outline(region_page).attributes}


def test_importing_the_report_is_light() -> None:
    code = (
        "import sys, zemsim.report\n"
        "heavy = {'numpy', 'pandas', 'numba', 'mesa', 'matplotlib', 'shapely', 'jinja2', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), callable(zemsim.report.write_report))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[] True"


def test_an_unknown_name_is_an_attribute_error() -> None:
    import zemsim.report

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = zemsim.report.nothing
