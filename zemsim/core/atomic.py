"""Writing files so that a reader sees the old one or the new one, whole, whenever the power fails.

A file is written under a temporary name in the same folder, synced, and renamed. Left-over temporary files of a killed
process are recognised by their name and removed by :func:`remove_leftovers`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from zemsim.core.errors import OutputError

#: Ending of a temporary name; the full ending is ``.<8 hex digits>.zemsim-tmp``.
TMP_SUFFIX = ".zemsim-tmp"


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{TMP_SUFFIX}")


def sync_folder(folder: Path) -> None:
    """Sync a folder's list of names to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path to write to; on success it takes the place of ``path``, on failure it is removed.

    Parameters
    ----------
    path : path
        The final name; its folder must exist. A symbolic link is refused, not followed.

    Raises
    ------
    OutputError
        If the system refuses; the old file is intact.
    """
    final = Path(path)
    _refuse_link(final)
    temporary = _temporary(final)
    try:
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, final)
        sync_folder(final.parent)
    except OSError as error:
        raise OutputError(f"{final}: cannot write: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _refuse_link(final: Path) -> None:
    if final.is_symlink():
        raise OutputError(f"{final}: is a symbolic link; refusing to write through it")


def make_folder(folder: str | os.PathLike[str]) -> None:
    """Make a folder and those above it, if it is not there.

    Raises
    ------
    OutputError
        If the system refuses, or a file is in the way.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{os.fspath(folder)}: cannot make this folder: {error.strerror or error}") from error


def check_can_write(path: str | os.PathLike[str]) -> None:
    """Find out before long work whether ``path`` could be written after it; nothing is left behind.

    Raises
    ------
    OutputError
        If it is a folder or a symbolic link, or the system refuses a new file beside it.
    """
    final = Path(path)
    _refuse_link(final)
    if final.is_dir():
        raise OutputError(f"{final}: cannot write: this is a folder")
    temporary = _temporary(final)
    try:
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise OutputError(f"{final}: cannot write: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path``, all or nothing."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8 with ``\\n`` line ends, all or nothing."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write ``value`` as JSON with sorted keys, all or nothing; NaN and infinity are refused by ``ValueError``."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def write_with(path: str | os.PathLike[str], write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill an open binary file, then put it in the place of ``path``."""
    with replacing(path) as temporary, temporary.open("wb") as handle:
        write(handle)


def remove_leftovers(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove temporary files that a killed process left under ``folder``; return their paths, sorted."""
    found = sorted(p for p in Path(folder).rglob(f".*{TMP_SUFFIX}") if p.is_file() and not p.is_symlink())
    for path in found:
        path.unlink(missing_ok=True)
    return found
