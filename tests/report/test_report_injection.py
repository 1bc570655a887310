"""Names from data files are text, whatever they hold: no new element, no new attribute, no way out of the script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.report.html_outline import outline
from tests.report.sample import sample_inputs
from zemsim.report.page import render

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
    "\ud800",
)


def skeleton(payload: str, tmp_path: Path) -> tuple[list[tuple[str, tuple[str, ...]]], str]:
    page = render(sample_inputs(tmp_path, name=lambda name: name + payload), ("en",))
    return outline(page).elements, page


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, tuple[str, ...]]]:
    return skeleton(" plain", tmp_path_factory.mktemp("run"))[0]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_name_becomes_markup(payload: str, tmp_path: Path, clean: list[tuple[str, tuple[str, ...]]]) -> None:
    elements, page = skeleton(payload, tmp_path)
    assert elements == clean
    page.encode("utf-8")
    assert "\x1b" not in page
    assert "\u202e" not in page
    data = page.split('id="data">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(data)
    json.loads(data)


def test_a_name_of_ten_thousand_letters_is_cut(tmp_path: Path) -> None:
    page = render(sample_inputs(tmp_path, name=lambda name: name + "ā" * 10_000), ("en",))
    assert "ā" * 700 not in page
    assert len(page) < 2_000_000
