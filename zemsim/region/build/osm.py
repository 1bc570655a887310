"""The part of an OpenStreetMap file that the import needs, read by a child process with limits."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError, UsageError

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")

#: Bytes at the beginning of a text file in which a document type would stand.
_HEAD_BYTES = 65_536

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ReadLimits:
    """What reading may take: bytes of memory, seconds."""

    memory_bytes: int = 4 * 2**30
    seconds: int = 1800


@dataclass(frozen=True, eq=False)
class OsmExtract:
    """Ways with a highway, the nodes that they name, turn restrictions, charging stations and car parks.

    Attributes
    ----------
    node_id : int64 [N], sorted
    lon, lat : float64 [N]
    way_id : int64 [W]
    way_start : int64 [W + 1]
        First of each way's ``refs``.
    refs : int64
        Ids of nodes; one that is not in ``node_id`` was missing in the file.
    tags : list of dict [W]
    restrictions : list of dict
        ``id, tags, from, to, via, via_ways``.
    points : list of dict
        ``id, lon, lat, tags`` of charging stations and car parks.
    counts : dict
        What was read.
    """

    node_id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    way_id: NDArray[np.int64]
    way_start: NDArray[np.int64]
    refs: NDArray[np.int64]
    tags: list[dict[str, str]]
    restrictions: list[dict[str, Any]]
    points: list[dict[str, Any]]
    counts: dict[str, int]


def read_osm(path: str | Path, box: Box | None = None, limits: ReadLimits | None = None) -> OsmExtract:
    """Read an OpenStreetMap file (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``).

    Parameters
    ----------
    path : path
    box : (west, south, east, north), optional
        Degrees; nodes outside are left out.
    limits : ReadLimits, optional

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or larger than the limits allow, or if a box is empty.
    UsageError
        If osmium is not installed.
    """
    path, limits = Path(path), limits or ReadLimits()
    check_osm(path, box)
    with tempfile.TemporaryDirectory(prefix="zemsim-osm-") as folder:
        _run_child(path, Path(folder), box, limits)
        return _load(path, Path(folder))


def check_osm(path: Path, box: Box | None = None) -> None:
    """Refuse what can be seen to be no OpenStreetMap file, or no box, before anything is read.

    Raises
    ------
    InputError
        As for :func:`read_osm`.
    """
    _check_file(path)
    if box is not None:
        _check_box(box)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError("file is missing" if not path.exists() else "this is not a file", path)
    if not path.name.lower().endswith(SUFFIXES):
        raise InputError("this is not a kind of OpenStreetMap file that is read", path, hint=", ".join(SUFFIXES))
    if path.stat().st_size == 0:
        raise InputError("file is empty", path)
    with path.open("rb") as handle:
        head = handle.read(_HEAD_BYTES)
    if b"<!DOCTYPE" in head.upper() or b"<!ENTITY" in head.upper():
        raise InputError("XML with a document type is refused", path, hint="OpenStreetMap files have none")


def _check_box(box: Box) -> None:
    west, south, east, north = box
    if not all(math.isfinite(value) for value in box):
        raise InputError("the box must be four finite numbers: west, south, east, north")
    if west >= east or south >= north:
        raise InputError(
            f"the box {west:g},{south:g},{east:g},{north:g} is empty", hint="the order is west, south, east, north"
        )
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise InputError("the box leaves the globe", hint="the order is west, south, east, north, in degrees")


def _run_child(path: Path, folder: Path, box: Box | None, limits: ReadLimits) -> None:
    try:
        import osmium  # noqa: F401 - only whether it is there
    except ImportError:
        raise UsageError('reading OpenStreetMap files needs osmium: python -m pip install "zemsim[build]"') from None
    command = [sys.executable, "-m", "zemsim.region.build.osm_child", str(path.resolve()), str(folder)]
    command += [str(limits.memory_bytes), str(limits.seconds), *(repr(float(value)) for value in box or ())]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            command, timeout=2 * limits.seconds + 30, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        raise InputError(
            f"reading took longer than {limits.seconds} s", path, hint="cut the file to the region"
        ) from None
    if not (folder / "extract.json").is_file():
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise InputError(
            f"reading was ended: {why[0][:200]}", path, hint="the file is damaged, or needs more memory or time"
        )


def _load(path: Path, folder: Path) -> OsmExtract:
    told = json.loads((folder / "extract.json").read_text(encoding="utf-8"))
    if told.get("error") == "memory":
        raise InputError("reading needs more memory than the limit", path, hint="cut the file to the region")
    if "error" in told:
        raise InputError(f"this is not a whole OpenStreetMap file: {told['error']}", path)
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    extract = OsmExtract(**found, **told)
    if extract.counts.get("nodes", 0) == 0:
        raise InputError("the file holds no node", path)
    if not extract.way_id.size:
        raise InputError("the file holds no way with a highway", path, hint="is the extract of the right place?")
    if not extract.node_id.size:
        raise InputError("no way has a node in the file, or in the box", path)
    if np.unique(extract.way_id).size != extract.way_id.size:
        raise InputError("a way occurs twice", path, hint="files with history, and merged files, are not read")
    return extract
