"""Files that are no settings at all: missing, malformed, too large, too deep, in another encoding."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bad_inputs.config.config_samples import Writer, experiment, measure
from zemsim.cli import cli
from zemsim.core.errors import InputError
from zemsim.core.settings import MAX_FILE_BYTES, check, parse_document, read_document
from zemsim.experiment.settings import ExperimentFile

GOOD = Writer(experiment(measure(3))).text

MALFORMED = {
    "no value": ("[experiment]\nid =\n", 2),
    "no equals sign": ("[experiment]\nid\n", 2),
    "open string": ('[experiment]\n\nid = "x\n', 3),
    "open list": ("[experiment]\nyears = [2024,\n", 2),
    "open table": ("[experiment]\ntitle = { lv = 'x'\n", 2),
    "open header": ("[experiment\n", 1),
    "key twice": ('[experiment]\nid = "a"\nid = "b"\n', 3),
    "table twice": ("[experiment]\n[policy]\n[experiment]\n", 3),
    "two values": ("a = 1 2\n", 1),
    "yaml": ("experiment:\n  id: x\n", 1),
    "json": ('{"experiment": {}}\n', 1),
    "comma instead of point": ("a = 0,5\n", 1),
    "no quotes": ("[experiment]\nid = zemgale\n", 2),
    "windows path": ('[experiment]\n\n\nregion = "C:\\zemgale"\n', 4),
    "typographic quotes": ("[experiment]\nid = “x”\n", 2),
    "control character": ("[experiment]\nid = 'a\x07b'\n", 2),
    "bare year": ("years = 2024-2035\n", 1),
}


def messages(path: Path) -> list[str]:
    result = CliRunner().invoke(cli, ["validate", str(path)])
    assert result.exit_code == 65, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_toml_is_one_message_with_its_line(name: str, tmp_path: Path) -> None:
    text, line = MALFORMED[name]
    path = tmp_path / "bad.toml"
    path.write_bytes(text.encode())
    (message,) = messages(path)
    assert message.startswith(f"{path}:{line}: is not valid TOML: ")


@pytest.mark.parametrize("share", range(1, 40))
def test_a_file_cut_anywhere_is_refused(share: int, tmp_path: Path) -> None:
    raw = GOOD.encode()
    path = tmp_path / "bad.toml"
    path.write_bytes(raw[: len(raw) * share // 40])
    result = CliRunner().invoke(cli, ["validate", str(path)])
    if result.exit_code == 0:  # the cut fell behind the baseline: a smaller experiment, and it says so
        assert "policies 1, measures 0" in result.stdout
    else:
        assert messages(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    (message,) = messages(tmp_path / "none.toml")
    assert message == f"{tmp_path / 'none.toml'}: no such file"
    (message,) = messages(tmp_path)
    assert message == f"{tmp_path / 'experiment.toml'}: no such file"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1257"])
def test_other_encodings_are_named(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes("# Jelgava\n# Bauskas ielā é\n".encode(encoding, errors="replace"))
    (message,) = messages(path)
    assert "UTF-8" in message


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    document = read_document(path)
    assert document.data == parse_document(GOOD).data
    assert document.lines == parse_document(GOOD).lines
    assert check(document, ExperimentFile).experiment.id == "sample"


HOSTILE = {
    "10 MB": "a = 1\n" * 1_700_000,
    "10,000 lists": "a = " + "[" * 10_000 + "]" * 10_000,
    "10,000 inline tables": "a = " + "{ a = " * 10_000 + "1" + "}" * 10_000,
    "10,000 dotted keys": ".".join(["a"] * 10_000) + " = 1",
    "10,000 dotted keys in a list": "b = [{ " + ".".join(["a"] * 10_000) + " = 1 }]",
    "10,000 dots in a header": "[" + ".".join(["a"] * 10_000) + "]",
    "huge whole number": "seeds = 1" + "0" * 10_000,
    "a line of a megabyte": "a = '" + "x" * (MAX_FILE_BYTES - 10) + "'",
    "many unknown tables": "".join(f"[x{number}]\n" for number in range(20_000)),
    "many brackets without an end": "a = [" + '"[", ' * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_quickly(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(HOSTILE[name], encoding="utf-8")
    start = time.process_time()
    with pytest.raises(Exception, match=r"bad\.toml") as caught:
        check(read_document(path), ExperimentFile)
    assert getattr(caught.value, "exit_code", None) == 65
    assert time.process_time() - start < 3.0


def test_numbers_of_a_hundred_digits_are_out_of_range() -> None:
    with pytest.raises(Exception, match="too many digits"):
        check(parse_document(GOOD.replace("seeds = 2", "seeds = " + "9" * 100)), ExperimentFile)


def test_hidden_characters_in_text_are_refused() -> None:
    bad = GOOD.replace('en = "Sample"', 'en = "Sam\\u001b[31mple"')
    with pytest.raises(InputError, match="control characters") as caught:
        check(parse_document(bad), ExperimentFile)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "region",
    ["../zemgale", "/etc", "a/../../b", "C:\\x", "a\\b", "~/x", "..", "x/..", "\\\\server\\x", "C:/x", "//x", "/"],
)
def test_paths_that_leave_the_experiment_are_refused(region: str) -> None:
    document = experiment()
    document["experiment"]["region"] = region
    with pytest.raises(InputError, match=r"experiment\.region: must be the name of a region pack"):
        check(parse_document(Writer(document).text), ExperimentFile)
