"""Stand-ins of a built pack are listed with their grade, and figures of the region itself take their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zemsim.behaviour.parameters import load_parameters
from zemsim.core.errors import InputError
from zemsim.region import load_region
from zemsim.region.build.build import Question, build_region
from zemsim.region.build.own_figures import OwnFigures
from zemsim.region.build.report import Report
from zemsim.region.stand_ins import stand_ins
from zemsim.travel.active import ActiveRules
from zemsim.travel.pack_check import pack_rows

ASSUMPTIONS = (
    "key,value,low,high,unit,reason,grade\n"
    "capacity_bus_regional_pers,31,31,31,passengers,register of the operator,reported\n"
    "cars.latvia.average_age.2024,9.5,9,10,years,vehicle register,reported\n"
)
PRICES = "key,value,low,high,unit,year,status,source\npetrol_eur_l,1.9,1.8,2,EUR/l,2024,reported,pumps of the town\n"


def _folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def test_a_built_pack_names_its_stand_ins(built: tuple[Path, Report]) -> None:
    region = load_region(built[0])
    found = {(row.table, row.what): row for row in stand_ins(region)}
    prices = next(row for row in found.values() if row.table == "prices")
    assert prices.rows == prices.of_rows == len(region.prices)
    assert {row.table for row in found.values()} >= {
        "assumptions/stand_ins",
        "assumptions/population",
        "zones",
        "gates",
    }
    survey = next(row for row in found.values() if "mobility survey" in row.what)
    assert survey.grade == "assumption"
    assert "chargers" not in {row.table for row in found.values()}, "the town has some in OpenStreetMap"
    told = [row for row in built[1].table() if row["part"] == "stand-ins"]
    checked = [row for row in pack_rows(region, ActiveRules.of(load_parameters())) if row["part"] == "stand-ins"]
    assert len(told) == len(checked) == len(found)
    every = sum(row.rows for row in found.values() if row.table.startswith("assumptions/"))
    assert built[1].total("assumptions", "defaulted", "figures taken over from the pack zemgale") == every


def test_a_pack_of_its_own_figures_has_none() -> None:
    assert stand_ins(load_region("zemgale")) == []


def test_own_figures_take_the_place_of_stand_ins(
    question: Question, built: tuple[Path, Report], tmp_path: Path
) -> None:
    folder = _folder(tmp_path / "own", assumptions=ASSUMPTIONS, prices=PRICES)
    report = build_region(replace(question, figures=folder), tmp_path / "pack")
    region, before = load_region(tmp_path / "pack"), load_region(built[0])
    assert region.price("petrol_eur_l") == 1.9
    assert region.fact("cars.latvia.average_age.2024") == 9.5
    vehicles = (tmp_path / "pack" / "gtfs" / "vehicles.csv").read_text(encoding="utf-8")
    assert ",31" in vehicles or "bus_regional" not in vehicles
    left, all_of_them = (
        sum(row.rows for row in stand_ins(pack) if row.table.startswith(("assumptions/", "prices")))
        for pack in (region, before)
    )
    assert left == all_of_them - 3
    assert report.total("assumptions", "read", "figures of the region itself") == 2
    assert report.total("prices", "read", "prices of the region itself") == 1


SITES = "site_id,lon,lat,points,power_kw,status,source\nmall,23.71,56.645,4,150,reported,operator\n"
SITES += "depot,23.715,56.641,2,11,reported,operator\naway,25.9,56.6,2,11,reported,operator\n"


def test_own_charging_sites_take_the_place_of_mapped_ones(question: Question, tmp_path: Path) -> None:
    report = build_region(replace(question, figures=_folder(tmp_path / "own", chargers=SITES)), tmp_path / "pack")
    region = load_region(tmp_path / "pack")
    sites = region.chargers.set_index("site_id")
    assert sites["kind"].to_dict() == {"mall": "fast", "depot": "slow"}
    assert sites.loc["mall", "price_eur_kwh"] == region.price("electricity_public_fast_eur_kwh")
    assert report.total("chargers", "read", "charging stations of the region itself") == 3
    assert report.total("chargers", "outside", "stations outside the zones") == 1
    assert report.total("chargers", "dropped", "stations of OpenStreetMap, as the region's own are given") == 3


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"chargers": SITES.replace("4,150", "4,150000")}, "chargers.csv:2: power_kw"),
        ({"assumptions": ASSUMPTIONS.replace("capacity_bus_regional_pers", "capacity_bus_regional")}, "did you mean"),
        ({"assumptions": ASSUMPTIONS.replace("31,31,31,passengers", "31,31,31,seats")}, "this figure is in passengers"),
        ({"assumptions": ASSUMPTIONS.replace("9.5,9,10", "9.5,10,11")}, "low <= value <= high"),
        ({"prices": PRICES.replace("reported", "sure")}, "status"),
        ({"prices": PRICES.replace("petrol_eur_l", "petrol_eur")}, "petrol_eur_l"),
        ({"price": PRICES}, "did you mean “prices.csv”"),
        ({}, "no folder with own figures"),
    ],
)
def test_faults_of_own_figures(files: dict[str, str], words: str, question: Question, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "own", **files)
    with pytest.raises(InputError) as caught:
        build_region(replace(question, figures=folder), tmp_path / "pack")
    assert words in str(caught.value)
    assert not (tmp_path / "pack").exists()


def test_without_a_folder_there_are_none() -> None:
    own = OwnFigures.read(None)
    rows = [{"key": "a", "unit": "km"}]
    assert own.in_place("prices", rows) == rows
    own.finish(report := Report())
    assert report.table() == []
