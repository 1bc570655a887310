"""One run at a time in a folder: a lock that the system lets go when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from zemsim.core.errors import BusyError, OutputError, clean

#: Name of the lock in the run folder.
LOCK_NAME: Final = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` while the block runs.

    Raises
    ------
    BusyError
        If another process (or another run in this one) holds it; the message names the owner.
    OutputError
        If the lock cannot be made.
    """
    path = folder / LOCK_NAME
    handle = _acquire(path)
    try:
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps({"pid": os.getpid(), "host": platform.node()}))
        handle.flush()
        yield
    finally:
        # The name goes while the lock is held: whoever waits on the old file sees that it is gone and makes a new one.
        with contextlib.suppress(OSError):
            path.unlink()
        handle.close()


def _acquire(path: Path) -> IO[str]:
    while True:
        try:
            handle = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{path.parent}: cannot make the lock: {error.strerror or error}") from error
        if not _try_lock(handle):
            owner = _owner(handle)
            handle.close()
            raise BusyError(f"{path.parent}: another run is at work here{owner}; wait for it or choose another folder")
        if _still_there(path, handle):
            return handle
        handle.close()


def _still_there(path: Path, handle: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False


def _owner(handle: IO[str]) -> str:
    try:
        handle.seek(0)
        row = json.loads(handle.read())
        return f" (process {int(row['pid'])} on {clean(row['host'], 80)})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


if os.name == "posix":
    import fcntl

    def _try_lock(handle: IO[str]) -> bool:
        try:
            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise OutputError(f"{handle.name}: this file system has no locks: {error.strerror or error}") from error
        return True

else:
    import msvcrt

    #: Byte that is locked, far behind the text, which others may then still read.
    _LOCKED_BYTE: Final = 1 << 20

    def _try_lock(handle: IO[str]) -> bool:
        handle.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
