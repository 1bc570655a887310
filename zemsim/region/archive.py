"""Folders and zip archives as sources of files by exact name: nothing is unpacked, nothing is trusted.

Members are checked before one byte of them is read: names, number, sizes, ratio of compression, encryption, overlaps.
Every fault of an archive is one :class:`~zemsim.core.errors.InputError`.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from zemsim.core.errors import InputError, clean, nearest
from zemsim.core.notices import Notices

#: Files that systems leave in archives and folders; they are passed over in silence.
LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")

_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{i}" for name in ("com", "lpt") for i in range(1, 10))}
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz")
_END, _END64, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x03\x04"
_FAULTS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    RuntimeError,
    NotImplementedError,
    EOFError,
    struct.error,
    ValueError,
    LookupError,
    ArithmeticError,
    OSError,
)


@dataclass(frozen=True)
class Limits:
    """What an archive may hold.

    Attributes
    ----------
    members : number of files.
    total_bytes, member_bytes : declared sizes, unpacked.
    ratio : unpacked size over packed size of a member above ``ratio_from_bytes`` (real feeds reach 23).
    """

    members: int = 200
    total_bytes: int = 2 * 1024**3
    member_bytes: int = 1024**3
    ratio: int = 100
    ratio_from_bytes: int = 1024**2


class Source:
    """A folder or archive whose files are read by exact name; use it in ``with``.

    Attributes
    ----------
    path : Path
        The folder or the archive.
    notices : Notices
        A folder inside the archive, files that are not part of what was asked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices = Notices()
        self._files: dict[str, str] = {}

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""

    def names(self) -> tuple[str, ...]:
        """Return the names of the files, sorted."""
        return tuple(sorted(self._files))

    def has(self, name: str) -> bool:
        """Tell whether a file is there, by exact name."""
        return name in self._files

    def where(self, name: str) -> Path:
        """Return how a file is called in messages."""
        return self.path / name

    def read(self, name: str) -> bytes:
        """Return the bytes of a file.

        Raises
        ------
        InputError
            If it is missing, too large or damaged.
        """
        if name not in self._files:
            twin = nearest(name, self._files)
            raise InputError("file is missing", self.where(name), hint=f"did you mean “{twin}”?" if twin else None)
        return self._bytes(name)

    def _bytes(self, name: str) -> bytes:
        raise NotImplementedError

    def _keep(self, files: dict[str, str], known: Collection[str]) -> None:
        """Take the files over, and count those that nobody asked for."""
        self._files = files
        extra = sorted(set(files) - set(known))
        self.notices.add("archive.other_file", "file that is not read", len(extra), [clean(x, 60) for x in extra])


class _Folder(Source):
    def __init__(self, path: Path, known: Collection[str], limits: Limits) -> None:
        super().__init__(path)
        self._limits = limits
        try:
            names = sorted(child.name for child in path.iterdir() if child.name not in LITTER)
        except OSError as error:
            raise InputError(f"folder cannot be read: {error.strerror}", path) from None
        _no_twins([name for name in names if name.casefold() in {file.casefold() for file in known}], path)
        self._keep({name: name for name in names}, known)

    def _bytes(self, name: str) -> bytes:
        path = self.path / name
        if path.is_symlink() and not path.resolve().is_relative_to(self.path.resolve()):
            raise InputError("the file is a link that leaves its folder", path)
        if not path.is_file():
            raise InputError("this is not a file", path)
        try:
            size = path.stat().st_size
            if size > self._limits.member_bytes:
                raise InputError(f"file has {size:,} bytes; the limit is {self._limits.member_bytes:,}", path)
            return path.read_bytes()
        except OSError as error:
            raise InputError(f"file cannot be read: {error.strerror}", path) from None


class _Zip(Source):
    def __init__(self, path: Path, known: Collection[str], limits: Limits) -> None:
        super().__init__(path)
        self._limits = limits
        with _one_error(path):
            self._file: BinaryIO = path.open("rb")
        try:
            with _one_error(path):
                _check_directory_size(self._file, path, limits)
                self._zip = zipfile.ZipFile(self._file)
                self._infos = {info.filename: info for info in self._zip.infolist()}
                _check_members(self._zip.infolist(), path, limits)
                _check_places(self._file, self._zip.infolist(), path)
                for info in self._zip.infolist():
                    self._zip.open(info).close()  # names in the directory and before the data must agree
            self._keep(self._inside(known), known)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()
        self._file.close()

    def _bytes(self, name: str) -> bytes:
        info = self._infos[self._files[name]]
        with _one_error(self.where(name)), self._zip.open(info) as stream:
            raw = stream.read(info.file_size + 1)
            if len(raw) != info.file_size or stream.read(1):
                raise InputError("file is not as long as the archive says", self.where(name))
        return raw

    def _inside(self, known: Collection[str]) -> dict[str, str]:
        """Return the files by name without the one folder that may be around them."""
        names = [n for n in self._infos if not n.endswith("/") and not _is_litter(n)]
        known_folded = {name.casefold() for name in known}
        folders = sorted({n.rpartition("/")[0] for n in names if n.rpartition("/")[2].casefold() in known_folded})
        if "" in folders or not folders:
            return {n: n for n in names}
        if len(folders) > 1:
            message = f"the archive has {len(folders)} folders with such files: {', '.join(folders[:3])}"
            raise InputError(message, self.path, hint="give an archive with one of them")
        folder = folders[0]
        if "/" in folder:
            raise InputError(f"the files lie {folder.count('/') + 1} folders deep in the archive", self.path)
        self.notices.add("archive.folder", "folder around the files of the archive", 1, [clean(folder, 60)])
        return {n.removeprefix(f"{folder}/"): n for n in names if n.startswith(f"{folder}/")}


def open_source(path: str | Path, known: Collection[str], limits: Limits | None = None) -> Source:
    """Open a folder or a zip archive.

    Parameters
    ----------
    path : path
        The folder or archive.
    known : collection of str
        Names of the files that may be asked for; others are counted in the notices.
    limits : Limits, optional
        What an archive may hold.

    Raises
    ------
    InputError
        If the path is neither, or the archive has a fault.
    """
    path = Path(path)
    limits = limits or Limits()
    if path.is_dir():
        return _Folder(path, known, limits)
    if not path.exists():
        raise InputError("file is missing", path)
    if not path.is_file():
        raise InputError("this is neither a folder nor a zip archive", path)
    return _Zip(path, known, limits)


@contextmanager
def _one_error(path: Path) -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        words = clean(error, 120) or type(error).__name__
        hint = "download or pack it again"
        raise InputError(f"not a zip archive, or a damaged one: {words}", path, hint=hint) from None


def _check_directory_size(file: BinaryIO, path: Path, limits: Limits) -> None:
    """Refuse a list of members that is too long before it is read."""
    start = file.read(4)
    if start not in (_LOCAL, _END):
        raise InputError("this is not a zip archive", path, hint="give a folder or a .zip file")
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_600))
    tail = file.read()
    at = len(tail) - 22 if tail[-22:-18] == _END and tail[-2:] == b"\0\0" else tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise InputError("the archive is cut off: its list of files is missing", path, hint="download it again")
    count, directory_bytes = struct.unpack("<HL", tail[at + 10 : at + 16])
    at64 = tail.rfind(_END64, 0, at)
    if at64 >= 0 and len(tail) - at64 >= 56:
        count64, bytes64 = struct.unpack("<QQ", tail[at64 + 32 : at64 + 48])
        count, directory_bytes = max(count, count64), max(directory_bytes % 0xFFFFFFFF, bytes64)
        count = count64 if count == 0xFFFF else count
    if count > limits.members or directory_bytes > limits.members * 1024:
        raise InputError(f"the archive lists {count:,} files; the limit is {limits.members}", path)
    file.seek(0)


def _check_members(infos: list[zipfile.ZipInfo], path: Path, limits: Limits) -> None:
    if not infos:
        raise InputError("the archive is empty", path)
    if len(infos) > limits.members:
        raise InputError(f"the archive lists {len(infos):,} files; the limit is {limits.members}", path)
    total = sum(info.file_size for info in infos)
    if total > limits.total_bytes:
        raise InputError(f"the archive unpacks to {total:,} bytes; the limit is {limits.total_bytes:,}", path)
    for info in infos:
        name = clean(info.orig_filename, 60)
        fault = _name_fault(info) or _content_fault(info, limits)
        if fault:
            raise InputError(f"member “{name}” {fault}", path)
    _no_twins([info.filename for info in infos], path)


def _name_fault(info: zipfile.ZipInfo) -> str | None:
    name = info.orig_filename
    parts = name.rstrip("/").split("/")
    if re.search(r"[\x00-\x1f\x7f\\]", name) or (not info.flag_bits & 0x800 and not name.isascii()):
        return "has a name with signs that are not allowed"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or any(part in ("", ".", "..") for part in parts):
        return "has a path that may leave the archive"
    if len(name) > 255 or any(part.split(".")[0].strip().casefold() in _DEVICES for part in parts):
        return "has the name of a device, or one that is too long"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    return None


def _content_fault(info: zipfile.ZipInfo, limits: Limits) -> str | None:
    if info.flag_bits & 0x1:
        return "is encrypted; pack it without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is packed by method {info.compress_type}; only deflate is read"
    if info.filename.casefold().endswith(_ARCHIVES) and not _is_litter(info.filename):
        return "is itself an archive; give the one inside"
    if info.file_size > limits.member_bytes:
        return f"has {info.file_size:,} bytes; the limit is {limits.member_bytes:,}"
    if info.file_size > limits.ratio_from_bytes and info.file_size > limits.ratio * max(info.compress_size, 1):
        return f"unpacks to more than {limits.ratio} times its size"
    return None


def _check_places(file: BinaryIO, infos: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse members that share bytes, and members that the list of the archive does not name."""
    end = 0
    for info in sorted(infos, key=lambda item: item.header_offset):
        if info.header_offset < end:
            raise InputError(f"member “{clean(info.filename, 60)}” overlaps another", path)
        if info.header_offset > end:
            file.seek(end)
            if file.read(4) == _LOCAL:
                raise InputError("the archive holds a file that its list does not name", path)
        file.seek(info.header_offset)
        header = file.read(30)
        if len(header) < 30 or header[:4] != _LOCAL:
            raise InputError(f"member “{clean(info.filename, 60)}” is not where the archive says", path)
        name_bytes, extra_bytes = struct.unpack("<HH", header[26:30])
        end = info.header_offset + 30 + name_bytes + extra_bytes + info.compress_size
    file.seek(end)
    if file.read(4) == _LOCAL:
        raise InputError("the archive holds a file that its list does not name", path)


def _no_twins(names: list[str], path: Path) -> None:
    seen: dict[str, str] = {}
    for name in sorted(names):
        folded = name.casefold()
        if folded in seen:
            raise InputError(f"two files of one name: “{clean(seen[folded], 60)}” and “{clean(name, 60)}”", path)
        seen[folded] = name


def _is_litter(name: str) -> bool:
    return name.startswith(LITTER[0]) or name.rpartition("/")[2] in LITTER[1:] or name.endswith("/")
