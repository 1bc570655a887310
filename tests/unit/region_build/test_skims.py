"""Matrices between zones: OMX as its specification says, and public transport against the model's own journeys."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from zemsim.behaviour.parameters import load_parameters
from zemsim.cli import cli
from zemsim.core.errors import InputError
from zemsim.region import Region, load_region
from zemsim.region.build.report import Report
from zemsim.travel.active import ActiveRules
from zemsim.travel.omx import write_omx
from zemsim.travel.transit_options import PathWeights
from zemsim.travel.zone_departures import DepartureWindow
from zemsim.travel.zone_skims import ORDER, zone_skims

WEIGHTS, RULES = PathWeights.of(load_parameters()), ActiveRules.of(load_parameters())


@pytest.fixture(scope="module")
def region(built: tuple[Path, Report]) -> Region:
    return load_region(built[0])


def test_omx_layout(region: Region, tmp_path: Path) -> None:
    made = zone_skims(region, "walk", 480, WEIGHTS, RULES)
    write_omx(tmp_path / "walk.omx", made, {"region": "town"})
    with h5py.File(tmp_path / "walk.omx") as file:
        assert file.attrs["OMX_VERSION"] == b"0.2"
        assert list(file.attrs["SHAPE"]) == [9, 9]
        assert set(file["data"]) == {"time_min", "distance_km"}
        assert np.array_equal(file["data/time_min"][:], made.matrices["time_min"])
        assert [name.decode() for name in file["lookup/zone_id"][:]] == list(region.zones["zone_id"])


def test_omx_same_bytes(region: Region, tmp_path: Path) -> None:
    made = zone_skims(region, "car", 480, WEIGHTS, RULES)
    for name in ("a", "b"):
        write_omx(tmp_path / name, made, {"region": "town"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_transit_leaves_at_the_time_asked(region: Region) -> None:
    early, late = (zone_skims(region, "bus", minute, WEIGHTS, RULES).matrices for minute in (8 * 60, 23 * 60))
    there = np.isfinite(early["time_min"])
    assert there.any()
    pairs = ~np.eye(len(region.zones), dtype=bool)
    assert np.isinf(late["time_min"][pairs]).all()  # the last bus has left
    assert (early["time_min"][there] > 0).all()
    later = zone_skims(region, "bus", 8 * 60 + 10, WEIGHTS, RULES).matrices["time_min"]
    both = there & np.isfinite(later)
    assert (early["time_min"][both] <= later[both] + 10 + 1e-3).all()


def test_by_transit_the_diagonal_has_no_meaning_and_the_parts_name_their_window(region: Region) -> None:
    made = zone_skims(region, "transit", 480, WEIGHTS, RULES, window=DepartureWindow(480, 482))
    assert all(np.isnan(np.diag(matrix)).all() for matrix in made.matrices.values())
    assert all(not np.isnan(matrix[~np.eye(9, dtype=bool)]).any() for matrix in made.matrices.values())
    assert any("departures 05:00 to 09:00" in note and "do not add up" in note for note in made.notes)
    assert ORDER in made.notes


def test_unknown_mode(region: Region) -> None:
    with pytest.raises(InputError, match="known: car"):
        zone_skims(region, "rocket", 480, WEIGHTS, RULES)


def test_percentiles_over_a_window_of_departures(built: tuple[Path, Report], region: Region, tmp_path: Path) -> None:
    out = tmp_path / "bus.omx"
    asked = ["skims", str(built[0]), "--mode", "bus", "--depart", "07:30", "--until", "08:30", "--out", str(out)]
    done = CliRunner().invoke(cli, [*asked, "--percentile", "90", "--percentile", "10", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["matrix"] for row in told["rows"]][:4] == ["time_min", "time_p10_min", "time_p90_min", "served_share"]
    assert "matrices by bus between 9 zones" in done.stderr
    assert all(0 <= row["reached_share"] <= 1 for row in told["rows"])
    assert "percentiles: 60 departures, one a minute, from 07:30 to 08:30" in told["notes"]
    with h5py.File(out) as file:
        low, high, share = (file[f"data/{name}"][:] for name in ("time_p10_min", "time_p90_min", "served_share"))
        assert file.attrs["until"] == b"08:30"
    assert np.isfinite(low).any()
    pairs = ~np.eye(len(region.zones), dtype=bool)
    assert (low <= high)[pairs].all()
    assert (low < high).any()
    assert (np.isfinite(high) == (share >= 0.9)).all()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--mode", "car", "--until", "09:00"], "--until is for bus, train and transit"),
        (["--mode", "bus", "--until", "08:00"], "--until 08:00 must be later than the departure, 08:00"),
        (["--mode", "bus", "--until", "24:00"], "--until “24:00” is not a time"),
        (["--mode", "bus", "--percentile", "50"], "--percentile needs --until"),
        (["--mode", "bus", "--until", "09:00", "--percentile", "0"], "1<=x<=100"),
    ],
)
def test_windows_that_cannot_be(asked: list[str], told: str, region: Region, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["skims", "zemgale", *asked, "--out", str(tmp_path / "no.omx")])
    assert done.exit_code != 0
    assert told in done.output + str(done.exception)


def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for out in (tmp_path / "missing" / "a.omx", tmp_path / "file" / "a.omx"):
        done = CliRunner().invoke(cli, ["skims", "no-such-region", "--mode", "car", "--out", str(out)])
        assert done.exit_code == 74
        assert done.stderr.splitlines()[0].startswith(f"zemsim: {out}: cannot write")


def test_a_window_of_a_mode_without_timetable(region: Region) -> None:
    with pytest.raises(InputError, match="times by walk are the same"):
        zone_skims(region, "walk", 480, WEIGHTS, RULES, window=DepartureWindow(480, 540))
