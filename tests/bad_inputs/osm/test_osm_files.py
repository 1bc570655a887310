"""OpenStreetMap files that are damaged, odd, clipped or hostile: one message, no hang, nothing silent."""

from __future__ import annotations

import gzip
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.reference import grid_town
from zemsim.core.errors import InputError
from zemsim.region.build.osm import OsmExtract, ReadLimits, read_osm

CUTS = 12
FLIPS = 24


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grid_town.write_osm(tmp_path_factory.mktemp("osm") / "town.osm.pbf")


@pytest.fixture(scope="module")
def whole(town: Path) -> OsmExtract:
    return read_osm(town)


def _same(a: OsmExtract, b: OsmExtract) -> bool:
    arrays = all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("node_id", "way_id", "way_start", "refs")
    )
    near = a.lon.shape == b.lon.shape and np.allclose(a.lon, b.lon, atol=1e-6) and np.allclose(a.lat, b.lat, atol=1e-6)
    return arrays and near and a.tags == b.tags and a.restrictions == b.restrictions


@pytest.mark.parametrize("share", [k / CUTS for k in range(CUTS)])
def test_a_truncated_file_is_refused(town: Path, tmp_path: Path, share: float) -> None:
    data = town.read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError) as caught:
        read_osm(path)
    assert "cut.osm.pbf" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_flipped_bits_are_refused_or_change_nothing(town: Path, whole: OsmExtract, tmp_path: Path) -> None:
    """The blocks are compressed with a check sum; a flip elsewhere is in what nobody reads, or is refused."""
    data = bytearray(town.read_bytes())
    draw = random.Random(7)
    refused = 0
    for _ in range(FLIPS):
        at, bit = draw.randrange(len(data)), draw.randrange(8)
        data[at] ^= 1 << bit
        path = tmp_path / "flip.osm.pbf"
        path.write_bytes(bytes(data))
        data[at] ^= 1 << bit
        try:
            found = read_osm(path)
        except InputError:
            refused += 1
        else:
            assert _same(found, whole)
    assert refused > FLIPS // 2


def test_zeroed_block(town: Path, tmp_path: Path) -> None:
    data = bytearray(town.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    (tmp_path / "zero.osm.pbf").write_bytes(bytes(data))
    with pytest.raises(InputError):
        read_osm(tmp_path / "zero.osm.pbf")


@pytest.mark.parametrize("suffix", [".osm", ".osm.gz", ".osm.bz2", ".osm.pbf"])
def test_formats_hold_the_same(whole: OsmExtract, tmp_path: Path, suffix: str) -> None:
    assert _same(read_osm(grid_town.write_osm(tmp_path / f"town{suffix}")), whole)


@pytest.mark.parametrize("options", ["pbf,pbf_dense_nodes=false", "pbf,add_metadata=false", "pbf,pbf_compression=none"])
def test_kinds_of_pbf(whole: OsmExtract, town: Path, tmp_path: Path, options: str) -> None:
    import osmium

    path = tmp_path / "other.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(path), options)) as writer:
        for item in osmium.FileProcessor(str(town)):
            writer.add(item)
    assert _same(read_osm(path), whole)


@pytest.mark.parametrize("options", ["pbf,pbf_compression=lz4"])
def test_other_compression_is_read_or_named(whole: OsmExtract, town: Path, tmp_path: Path, options: str) -> None:
    import osmium

    path = tmp_path / "other.osm.pbf"
    try:
        with osmium.SimpleWriter(osmium.io.File(str(path), options)) as writer:
            for item in osmium.FileProcessor(str(town)):
                writer.add(item)
    except (ValueError, RuntimeError):
        pytest.skip("this build of osmium has no such compression")
    try:
        found = read_osm(path)
    except InputError:
        return
    assert _same(found, whole)


def test_missing_nodes_are_as_many_as_were_clipped(town: Path, whole: OsmExtract) -> None:
    west, south = grid_town.place(-0.5, -0.5)
    east, north = grid_town.place(7, 3.5)
    clipped = read_osm(town, (west, south, east, north))
    inside = (whole.lon >= west) & (whole.lon <= east) & (whole.lat >= south) & (whole.lat <= north)
    assert set(clipped.node_id) == set(whole.node_id[inside])
    assert clipped.counts["nodes_outside_box"] > 0


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((24.0, 56.0, 23.0, 57.0), "west, south, east, north"),
        ((23.0, 57.0, 24.0, 56.0), "west, south, east, north"),
        ((1.0, 1.0, 2.0, 2.0), "no way has a node"),
        ((float("nan"), 1.0, 2.0, 2.0), "finite"),
        ((-200.0, 1.0, 2.0, 2.0), "globe"),
    ],
)
def test_boxes(town: Path, box: tuple[float, float, float, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_osm(town, box)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.osm.pbf", b"", "empty"),
        ("a.txt", b"hello", "kind of OpenStreetMap file"),
        ("a.osm", b"<html><body>404</body></html>", "not a whole OpenStreetMap file"),
        ("a.osm", b"<?xml version='1.0'?><osm version='0.6'></osm>", "no node"),
        ("a.osm.pbf", b"version https://git-lfs.github.com/spec/v1\n", "not a whole|ended"),
    ],
)
def test_not_a_file_of_ways(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_osm(tmp_path / name)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing"):
        read_osm(tmp_path / "none.osm.pbf")


_BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&c;"/></node></osm>
"""
_OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY secret SYSTEM "file://SECRET">]>
<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&secret;"/></node></osm>
"""


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("text", [_BOMB, _OUTSIDE])
def test_entities_are_neither_expanded_nor_followed(tmp_path: Path, text: bytes, packed: bool) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read", encoding="utf-8")
    text = text.replace(b"SECRET", str(secret).encode())
    path = tmp_path / ("bomb.osm.gz" if packed else "bomb.osm")
    path.write_bytes(gzip.compress(text) if packed else text)
    with pytest.raises(InputError) as caught:
        read_osm(path)
    assert "do not read" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_memory_has_a_limit(town: Path) -> None:
    with pytest.raises(InputError, match="memory"):
        read_osm(town, limits=ReadLimits(memory_bytes=40 * 2**20, seconds=60))
