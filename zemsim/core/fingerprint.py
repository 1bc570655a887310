"""Fingerprints: short digests (BLAKE2b, 128 bits) of files, folders, settings and the code itself."""

from __future__ import annotations

import hashlib
import json
import math
import os
from functools import cache
from pathlib import Path
from typing import Any

#: Bytes of a digest; 128 bits are far beyond accidental equality, and short enough to read.
DIGEST_BYTES = 16

_BLOCK = 1 << 20


def of_bytes(data: bytes) -> str:
    """Return the digest of ``data`` as 32 hex digits."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def of_file(path: str | os.PathLike[str]) -> str:
    """Return the digest of a file's bytes."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    with Path(path).open("rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def of_folder(folder: str | os.PathLike[str], suffixes: tuple[str, ...] | None = None) -> str:
    """Return the digest of all files under a folder, by their relative names and bytes.

    Neither the folder's own name, times, permissions nor the order of the file system matter. Hidden files and
    ``__pycache__`` are left out.

    Parameters
    ----------
    folder : path
        The folder.
    suffixes : tuple of str, optional
        Only files with these endings.
    """
    root = Path(folder)
    names: list[tuple[str, Path]] = []
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
        if hidden or not path.is_file() or (suffixes is not None and path.suffix not in suffixes):
            continue
        names.append((relative.as_posix(), path))
    return of_json({name: of_file(path) for name, path in names})


def canonical_json(value: Any) -> str:
    """Return ``value`` as the one JSON text that stands for it: sorted keys, no spaces, shortest floats, ASCII.

    A float that is a whole number is written as one (``3.0`` as ``3``), so that ``3`` and ``3.0`` in a settings file
    are the same question.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def of_json(value: Any) -> str:
    """Return the digest of :func:`canonical_json` of ``value``."""
    return of_bytes(canonical_json(value).encode("ascii"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a fingerprint needs finite numbers, got {value!r}")
        return int(value) if value.is_integer() else value
    return value


@cache
def of_code() -> str:
    """Return the digest of the package's own sources and data (``.py``, ``.toml``, ``.json``)."""
    return of_folder(Path(__file__).parents[1], suffixes=(".py", ".toml", ".json"))
