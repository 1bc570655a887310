"""Open Matrix (OMX) 0.2 files: matrices between zones that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zemsim.core.atomic import replacing
from zemsim.core.errors import UsageError
from zemsim.travel.zone_skims import ZoneSkims

VERSION = b"0.2"
_COMPRESSION = 1


def write_omx(path: str | Path, skims: ZoneSkims, about: dict[str, str]) -> None:
    """Write matrices as an OMX 0.2 file (HDF5), all or nothing.

    Matrices lie in ``/data`` with ``NA`` and ``description``; unreachable is ``inf`` (the ``NA``), a pair that has no
    meaning NaN. ``/lookup/zone_id`` holds the ids of the zones in the order of rows and columns,
    ``/lookup/zone_number`` their numbers from 1.

    Parameters
    ----------
    about : dict
        Attributes of the file.

    Raises
    ------
    UsageError
        If h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise UsageError('writing OMX files needs h5py: python -m pip install "zemsim[build]"') from None
    with replacing(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
        _write(file, skims, about)


def _write(file: Any, skims: ZoneSkims, about: dict[str, str]) -> None:
    n = len(skims.zone_ids)
    file.attrs["OMX_VERSION"] = np.bytes_(VERSION)
    file.attrs["SHAPE"] = np.array([n, n], np.int32)
    for key, text in {**about, "mode": skims.mode, "notes": "; ".join(skims.notes)}.items():
        file.attrs[key] = np.bytes_(text.encode("utf-8"))
    data = file.create_group("data", track_order=False)
    chunk = (1, n) if n else None
    for name, matrix in skims.matrices.items():
        item = data.create_dataset(
            name, data=np.ascontiguousarray(matrix, np.float32), chunks=chunk, compression="gzip",
            compression_opts=_COMPRESSION, track_times=False,
        )  # fmt: skip
        item.attrs["NA"] = np.float32(np.inf)
        item.attrs["description"] = np.bytes_(skims.meaning.get(name, "").encode("utf-8"))
    lookup = file.create_group("lookup")
    ids = np.array([name.encode("utf-8") for name in skims.zone_ids])
    lookup.create_dataset("zone_id", data=ids, track_times=False)
    lookup.create_dataset("zone_number", data=np.arange(1, n + 1, dtype=np.int32), track_times=False)
