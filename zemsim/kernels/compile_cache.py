"""Where compiled kernels are kept: in the user's cache folder, by what they were compiled from.

Numba notices an edit in the file of a kernel, not in another file whose functions and constants were compiled into it.
So what is kept goes by a digest of the file and of all files of the package that it imports, directly or not; where the
files lie and when they were written does not matter. Different sources, for example of two clones, are kept side by
side. The folder is named by a digest of the versions of Python, numba, llvmlite and NumPy and of the kind of machine.
Numba itself tells processors apart: kernels are compiled for the one that runs them, unless ``NUMBA_CPU_NAME`` names
another (``x86-64-v3`` with empty ``NUMBA_CPU_FEATURES`` makes a cache for all processors with AVX2: the same bits).

The folder lies in ``NUMBA_CACHE_DIR`` if that is set, else in the cache folder of the user; where neither can be
written, kernels are kept for one process only.
"""

# What numba offers to those who extend it is not typed.
# mypy: disable-error-code="no-untyped-call,misc"

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from numba.core.caching import CacheImpl, _CacheLocator
from platformdirs import user_cache_path

_KERNELS: Final = Path(__file__).resolve().parent
_PACKAGE: Final = _KERNELS.parent
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+(zemsim[\w.]*)[ \t]+import[ \t]+([^#\n(]+|\([^)]*\))|import[ \t]+(zemsim[\w.]*))", re.M
)
_WORD: Final = re.compile(r"\w+")
#: Days after which kernels that nobody loaded are taken away.
_KEPT_DAYS: Final = 60


def folder() -> Path:
    """The folder of compiled kernels; it may not exist yet."""
    base = os.environ.get("NUMBA_CACHE_DIR")
    return (Path(base) if base else user_cache_path("zemsim", appauthor=False)) / f"kernels-{_versions_digest()}"


@cache
def _versions_digest() -> str:
    names = ("numba", "llvmlite", "numpy")
    about = [f"{name} {version(name)}" for name in names]
    about += [platform.python_implementation(), platform.python_version(), platform.machine(), sys.platform]
    return hashlib.blake2b("\n".join(about).encode(), digest_size=6).hexdigest()


@cache
def sources_digest(path: Path) -> str:
    """Digest of a file of the package and of all files of the package that it imports, directly or not."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(_closure(path)):
        digest.update(source.relative_to(_PACKAGE).as_posix().encode() + b"\0" + _text(source).encode() + b"\0")
    return digest.hexdigest()


def _closure(path: Path) -> set[Path]:
    found, waiting = {path}, [path]
    while waiting:
        for other in _imported(waiting.pop()) - found:
            found.add(other)
            waiting.append(other)
    return found


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _imported(path: Path) -> frozenset[Path]:
    """Files of the package that a file imports; ``from package import name`` may import a module."""
    found = set()
    for module, names, plain in _IMPORT.findall(_text(path)):
        parts = (module or plain).split(".")[1:]
        for candidate in [parts, *([*parts, name] for name in _WORD.findall(names))]:
            file = _PACKAGE.joinpath(*candidate).with_suffix(".py") if candidate else None
            if file is not None and file.is_file():
                found.add(file)
    return frozenset(found)


class KernelLocator(_CacheLocator):  # type: ignore[misc, unused-ignore]
    """Tells numba where a kernel of this package is kept, and from which sources it must have been compiled."""

    def __init__(self, path: Path, place: Path) -> None:
        self._py_file = str(path)  # numba names it in warnings
        self._digest = sources_digest(path)
        self._place = place

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> KernelLocator | None:
        """Return a locator for a function of this package, None for any other."""
        path = Path(py_file).resolve()
        if path.parent != _KERNELS or not path.is_file():
            return None
        return cls(path, _writable(folder()))

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self._place)

    def get_source_stamp(self) -> str:
        """What the sources must be for a kept kernel to be used."""
        return self._digest

    def get_disambiguator(self) -> str:
        """Part of the name of the file: other sources are kept in other files."""
        return self._digest


@cache
def _writable(place: Path) -> Path:
    """The folder, made if need be; one that ends with the process where it cannot be written."""
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError:
        place = Path(tempfile.mkdtemp(prefix="zemsim-kernels-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def forget_old(days: float = _KEPT_DAYS) -> int:
    """Delete kernels that were neither compiled nor loaded for some days; return how many files.

    Folders of other versions beside this one are looked through, too. What cannot be deleted stays.
    """
    oldest, deleted = time.time() - days * 86_400, 0
    for file in folder().parent.glob("kernels-*/*.nb[ci]"):
        try:
            about = file.stat()
            if max(about.st_mtime, about.st_atime) < oldest:
                file.unlink()
                deleted += 1
        except OSError:
            continue
    return deleted


def use() -> None:
    """Let numba keep the kernels of this package here. Kernels of others are not touched."""
    if KernelLocator not in CacheImpl._locator_classes:
        CacheImpl._locator_classes.insert(0, KernelLocator)
