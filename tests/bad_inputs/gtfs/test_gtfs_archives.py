"""Rows A1 to A4: damaged archives, methods that are not read, folders inside, files of one name."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from tests.bad_inputs.gtfs.feeds import FEED, codes, same, write_folder, write_zip
from zemsim.core.errors import InputError
from zemsim.region.gtfs import Gtfs, read_gtfs

FLIPS = 300


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zip(tmp_path_factory.mktemp("sound") / "feed.zip")


@pytest.fixture(scope="module")
def sound(archive: Path) -> Gtfs:
    return read_gtfs(archive)


def verdict(path: Path, sound: Gtfs) -> str:
    """What comes of a damaged copy: refused, or read without a difference; anything else fails the test."""
    try:
        found = read_gtfs(path)
    except InputError as error:
        if path.name not in str(error):
            raise
        return "refused"
    assert same(found, sound), "a damaged archive was read with other tables"
    return "unharmed"


def test_an_archive_is_read_like_its_folder(archive: Path, sound: Gtfs, tmp_path: Path) -> None:
    assert same(sound, read_gtfs(write_folder(tmp_path)))


def test_every_cut_is_refused(archive: Path, sound: Gtfs, tmp_path: Path) -> None:
    raw = archive.read_bytes()
    path = tmp_path / "cut.zip"
    for part in range(100):
        path.write_bytes(raw[: len(raw) * part // 100])
        assert verdict(path, sound) == "refused"


def test_flipped_bits_change_no_table(archive: Path, sound: Gtfs, tmp_path: Path) -> None:
    raw = bytearray(archive.read_bytes())
    chance = random.Random(7)
    path = tmp_path / "flip.zip"
    for _ in range(FLIPS):
        at, bit = chance.randrange(len(raw)), 1 << chance.randrange(8)
        raw[at] ^= bit
        path.write_bytes(raw)
        verdict(path, sound)
        raw[at] ^= bit


def test_every_bit_of_the_list_of_files(archive: Path, sound: Gtfs, tmp_path: Path) -> None:
    raw = bytearray(archive.read_bytes())
    start = raw.find(b"PK\x01\x02")
    path = tmp_path / "flip.zip"
    for at in [*range(start, start + 56), *range(len(raw) - 22, len(raw))]:
        for bit in (0, 3, 7):
            raw[at] ^= 1 << bit
            path.write_bytes(raw)
            verdict(path, sound)
            raw[at] ^= 1 << bit


@pytest.mark.parametrize("raw", [b"", b"stops", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "feed.zip").write_bytes(raw)
    with pytest.raises(InputError, match=r"archive"):
        read_gtfs(tmp_path / "feed.zip")


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing"):
        read_gtfs(tmp_path / "none.zip")
    with pytest.raises(InputError, match="missing"):
        read_gtfs(write_folder(tmp_path / "empty", {}))


def test_an_encrypted_archive(archive: Path, tmp_path: Path) -> None:
    raw = bytearray(archive.read_bytes())
    start = raw.find(b"PK\x01\x02")
    raw[start + 8] |= 1
    (tmp_path / "feed.zip").write_bytes(raw)
    with pytest.raises(InputError, match="encrypted"):
        read_gtfs(tmp_path / "feed.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_methods_of_packing(method: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only deflate is read"):
        read_gtfs(write_zip(tmp_path / "feed.zip", compression=method))


def test_stored_and_large_format(sound: Gtfs, tmp_path: Path) -> None:
    assert same(sound, read_gtfs(write_zip(tmp_path / "stored.zip", compression=zipfile.ZIP_STORED)))
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in FEED.items():
            with file.open(zipfile.ZipInfo(name), "w", force_zip64=True) as stream:
                stream.write(text.encode())
    assert same(sound, read_gtfs(tmp_path / "large.zip"))


def test_an_end_record_of_the_large_format(sound: Gtfs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    path = write_zip(tmp_path / "large.zip")
    assert b"PK\x06\x06" in path.read_bytes()
    assert same(sound, read_gtfs(path))
    many = write_zip(tmp_path / "many.zip", {f"{i}.txt": "" for i in range(300)})
    with pytest.raises(InputError, match="lists 300 files"):
        read_gtfs(many)


def test_a_stream_with_sizes_after_the_data(sound: Gtfs, tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        """A file that cannot go back, so that sizes stand after the data."""

        def __init__(self) -> None:
            self.raw = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.raw += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:  # type: ignore[arg-type]
        for name, text in FEED.items():
            file.writestr(name, text)
    (tmp_path / "feed.zip").write_bytes(pipe.raw)
    assert same(sound, read_gtfs(tmp_path / "feed.zip"))


def test_one_folder_around_the_files_is_counted(sound: Gtfs, tmp_path: Path) -> None:
    found = read_gtfs(write_zip(tmp_path / "feed.zip", prefix="gtfs/"))
    assert same(found, sound)
    assert codes(found)["archive.folder"] == 1


def test_two_folders_down_or_side_by_side_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 folders deep"):
        read_gtfs(write_zip(tmp_path / "deep.zip", prefix="a/b/"))
    both = {f"{folder}/{name}": text for folder in "ab" for name, text in FEED.items()}
    with pytest.raises(InputError, match="2 folders with such files: a, b"):
        read_gtfs(write_zip(tmp_path / "both.zip", both))


@pytest.mark.parametrize("name", ["inner.zip", "feeds/inner.ZIP", "data.tar", "x.7z"])
def test_an_archive_inside_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is itself an archive"):
        read_gtfs(write_zip(tmp_path / "feed.zip", {**FEED, name: b"PK"}))


def test_other_files_are_counted_and_litter_is_passed_over(sound: Gtfs, tmp_path: Path) -> None:
    litter = {"__MACOSX/._stops.txt": b"\0", ".DS_Store": b"\0", "Thumbs.db": b"\0"}
    extra = {"readme.md": "x", "stops_old.txt": "y"}
    found = read_gtfs(write_zip(tmp_path / "feed.zip", {**FEED, **litter, **extra}))
    assert same(found, sound)
    notice = next(notice for notice in found.notices if notice.code == "archive.other_file")
    assert notice.examples == ("readme.md", "stops_old.txt")


@pytest.mark.parametrize(("one", "two"), [("stops.txt", "stops.txt"), ("stops.txt", "Stops.TXT")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(one: str, two: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "feed.zip", "w") as file:
        for name, text in FEED.items():
            file.writestr(name, text)
        file.writestr(two, FEED["stops.txt"])
    with pytest.raises(InputError) as caught:
        read_gtfs(tmp_path / "feed.zip")
    assert one in str(caught.value)
    assert two in str(caught.value)


def test_a_name_in_other_letters_is_named(tmp_path: Path) -> None:
    files = {("Stops.txt" if name == "stops.txt" else name): text for name, text in FEED.items()}
    with pytest.raises(InputError, match=r"stops\.txt: file is missing - did you mean “Stops\.txt”"):
        read_gtfs(write_zip(tmp_path / "feed.zip", files))
    with pytest.raises(InputError, match="did you mean “Stops"):
        read_gtfs(write_folder(tmp_path / "folder", files))
