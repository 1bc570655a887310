"""Row J1: archives that mean harm. Each is refused, nothing is written, memory and time are bounded."""

from __future__ import annotations

import stat
import struct
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.bad_inputs.gtfs.feeds import FEED, write_folder, write_zip
from zemsim.core.errors import InputError
from zemsim.region.archive import Limits, open_source
from zemsim.region.gtfs import read_gtfs

#: What reading may take: memory beyond the archive itself, and time.
PEAK_BYTES, SECONDS = 50_000_000, 5.0

WRITES: list[str] = []
_WATCH = {"on": False}


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _WATCH["on"]:
        return
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        WRITES.append(str(args[0]))
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.symlink", "os.link", "shutil.move", "os.truncate"):
        WRITES.append(f"{event} {args[0]}")


sys.addaudithook(_hook)


@contextmanager
def nothing_written() -> Iterator[None]:
    """Fail if anything is written meanwhile."""
    WRITES.clear()
    _WATCH["on"] = True
    try:
        yield
    finally:
        _WATCH["on"] = False
    assert WRITES == []


def named(name: str, mode: int = 0) -> Callable[[Path], None]:
    """An archive with a member of this name."""

    def build(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as file:
            for sound, text in FEED.items():
                file.writestr(sound, text)
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.external_attr = mode << 16
            file.writestr(info, "harm")

    return build


def many(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for i in range(10_000):
            file.writestr(f"{i}.txt", "")


def bomb(path: Path) -> None:
    write_zip(path, {**FEED, "shapes.txt": b"0" * 200_000_000})


def many_large(path: Path) -> None:
    """Members that are each within the limit and together beyond it."""
    write_zip(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as file:
        for i in range(3):
            file.writestr(f"{i}.txt", b"x")
    raw = bytearray(path.read_bytes())
    for i in range(3):
        at = raw.rfind(b"PK\x01\x02", 0, raw.rfind(f"{i}.txt".encode()))
        raw[at + 20 : at + 28] = struct.pack("<LL", 1_000_000_000, 1_000_000_000)
    path.write_bytes(raw)


def edited(offset: int, value: bytes) -> Callable[[Path], None]:
    """An archive whose list says something else about its first member."""

    def build(path: Path) -> None:
        write_zip(path)
        raw = bytearray(path.read_bytes())
        at = raw.find(b"PK\x01\x02") + offset
        raw[at : at + len(value)] = value
        path.write_bytes(raw)

    return build


def overlapping(path: Path) -> None:
    """Two names in the list that lead to the same bytes."""
    write_zip(path)
    raw = bytearray(path.read_bytes())
    second = raw.find(b"PK\x01\x02", raw.find(b"PK\x01\x02") + 4)
    third = raw.find(b"PK\x01\x02", second + 4)
    raw[third + 42 : third + 46] = raw[second + 42 : second + 46]
    path.write_bytes(raw)


def hidden(path: Path) -> None:
    """A member that the list does not name."""
    write_zip(path)
    raw = path.read_bytes()
    start, end = raw.find(b"PK\x01\x02"), raw.rfind(b"PK\x05\x06")
    second = raw.find(b"PK\x01\x02", start + 4)
    fields = list(struct.unpack("<4s4H2LH", raw[end : end + 22]))
    fields[3] -= 1
    fields[4] -= 1
    fields[5] -= second - start
    fields[6] += second - start
    path.write_bytes(raw[:end] + struct.pack("<4s4H2LH", *fields))


def entry_count(path: Path) -> None:
    """An end record that promises 60,000 members."""
    write_zip(path)
    raw = bytearray(path.read_bytes())
    end = raw.rfind(b"PK\x05\x06")
    raw[end + 8 : end + 12] = struct.pack("<HH", 60_000, 60_000)
    path.write_bytes(raw)


ATTACKS: dict[str, tuple[Callable[[Path], None], str]] = {
    "up": (named("../evil.txt"), "may leave the archive"),
    "up inside": (named("a/../../b.txt"), "may leave the archive"),
    "absolute": (named("/etc/cron.d/x"), "may leave the archive"),
    "drive": (named("C:evil.txt"), "may leave the archive"),
    "backslash": (named("..\\evil.txt"), "signs that are not allowed"),
    "control": (named("stops\x1b[2J.txt"), "signs that are not allowed"),
    "link": (named("link", stat.S_IFLNK | 0o777), "is a link"),
    "device": (named("CON"), "name of a device"),
    "device with ending": (named("x/aux.txt"), "name of a device"),
    "long name": (named("x" * 300), "too long"),
    "many": (many, "lists 10,000 files"),
    "count": (entry_count, "lists 60,000 files"),
    "bomb": (bomb, "unpacks to more than 100 times its size"),
    "together": (many_large, "unpacks to 3,000,0"),
    "huge member": (edited(24, struct.pack("<L", 2_000_000_000)), "the limit is 1,073,741,824"),
    "larger than said": (edited(24, struct.pack("<L", 10)), "agency.txt"),
    "smaller than said": (edited(24, struct.pack("<L", 500)), "agency.txt"),
    "overlap": (overlapping, "overlaps another"),
    "hidden": (hidden, "that its list does not name"),
}


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_an_archive_that_means_harm(attack: str, tmp_path: Path) -> None:
    build, words = ATTACKS[attack]
    build(tmp_path / "feed.zip")
    tracemalloc.start()
    begin = time.process_time()
    with nothing_written(), pytest.raises(InputError) as caught:
        read_gtfs(tmp_path / "feed.zip")
    spent, peak = time.process_time() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "feed.zip" in str(caught.value)
    assert words in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert spent <= SECONDS
    assert peak <= PEAK_BYTES


def test_a_sound_archive_writes_nothing_either(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "feed.zip")
    with nothing_written():
        assert len(read_gtfs(path).stops) == 4


def test_the_hook_sees_writing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), nothing_written():
        (tmp_path / "x").write_text("x")


def test_limits_can_be_set(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "feed.zip")
    with pytest.raises(InputError, match="the limit is 5"):
        open_source(path, FEED, Limits(members=5))
    with pytest.raises(InputError, match="unpacks to"):
        open_source(path, FEED, Limits(total_bytes=1000))
    with pytest.raises(InputError, match="the limit is 100"):
        read_gtfs(write_folder(tmp_path / "folder"), limits=Limits(member_bytes=100))


def test_links_that_leave_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "feed")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "stops.txt").unlink()
    (folder / "stops.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InputError, match="a link that leaves its folder"):
        read_gtfs(folder)
    (folder / "stops.txt").unlink()
    (folder / "stops.txt").mkdir()
    with pytest.raises(InputError, match="this is not a file"):
        read_gtfs(folder)


def test_a_file_of_long_names_takes_no_long_time(tmp_path: Path) -> None:
    """Row J9: hints by nearest name look at a bounded part of a name."""
    rows = "".join(f"{'x' * 9_000}{i},A,56.5,24.1,0,,\n" for i in range(200))
    files = {**FEED, "stops.txt": FEED["stops.txt"] + rows}
    files["stop_times.txt"] = files["stop_times.txt"].replace(
        "t3,8:00:00,8:00:00,3", f"t3,8:00:00,8:00:00,{'x' * 9_999}"
    )
    begin = time.process_time()
    with pytest.raises(InputError, match=r"is not in stops\.txt"):
        read_gtfs(write_folder(tmp_path, files))
    assert time.process_time() - begin < 2.0
