"""Names from data files are text, whatever they hold: no new element, no new attribute, no way out of the script."""

from __future__ import annotations

import json
import unicodedata
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.html_outline import outline
from tests.report.sample import sample_inputs
from zemsim.report.page import render
from zemsim.report.text import island, tidy

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "<!--",
    "]]><svg/onload=alert(1)>",
    "\u2028alert(1)\u2029",
    "\u202eevil\u202c\u200f",
    "\x1b[31mred\x1b[0m\n\r\t\x00",
    "{{ 7 * 7 }}{% raw %}",
    "$\\frac{1}{$ {braces} %s",
)


def harmless(line: str) -> bool:
    """No control characters, surrogates, line separators or direction marks."""
    return not [c for c in line if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\u200f\u202e\u061c"]


def skeleton(tmp_path: Path, start: int | None) -> tuple[list[tuple[str, tuple[str, ...]]], str]:
    """Render with every name poisoned, each with the payload that its own letters choose; None poisons nothing."""

    def name(text: str) -> str:
        if start is None:
            return f"{text} plain"
        return text + PAYLOADS[(zlib.crc32(text.encode()) + start) % len(PAYLOADS)]

    page = render(sample_inputs(tmp_path, name=name), ("en",))
    return outline(page).elements, page


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, tuple[str, ...]]]:
    return skeleton(tmp_path_factory.mktemp("run"), None)[0]


@pytest.mark.parametrize("start", [0, 4, 8])
def test_no_name_becomes_markup(start: int, tmp_path: Path, clean: list[tuple[str, tuple[str, ...]]]) -> None:
    elements, page = skeleton(tmp_path, start)
    assert elements == clean
    page.encode("utf-8")
    assert "\x1b" not in page
    assert "\u202e" not in page
    data = page.split('id="data">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(data)
    json.loads(data)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_payload_in_the_experiment_title(payload: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zemsim.report.sheet.FIGURES", ())
    base = outline(render(sample_inputs(tmp_path), ("en",))).elements
    found = outline(render(sample_inputs(tmp_path, name=lambda name: name + payload), ("en",)))
    assert found.elements == base


def test_a_name_of_ten_thousand_letters_is_cut(tmp_path: Path) -> None:
    page = render(sample_inputs(tmp_path, name=lambda name: name + "ā" * 10_000), ("en",))
    assert "ā" * 700 not in page
    assert len(page) < 2_000_000


@pytest.mark.parametrize("payload", [*PAYLOADS, "\ud800", "\u061c", "\x9b31m", "\x1b]0;title\x07", "\u200b" * 9])
def test_tidy_leaves_one_harmless_line(payload: str) -> None:
    line = tidy(f"a{payload}b")
    assert line.startswith("a")
    assert line.endswith("b")
    assert harmless(line)
    line.encode("utf-8")


@given(st.text(max_size=300), st.integers(1, 50))
def test_tidy_keeps_to_its_limit(text: str, limit: int) -> None:
    line = tidy(text, limit)
    assert len(line) <= limit
    assert harmless(line)
    assert tidy(line, limit) == line


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    )
)
def test_an_island_holds_what_was_put_in_and_never_ends_the_script(value: object) -> None:
    text = island(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_an_island_takes_no_nan() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        island({"a": float("nan")})
