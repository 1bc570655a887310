"""The page of a run of the whole region in a real browser, at desktop and phone width."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import requests, resize
from tests.conftest import SmallRun

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_a_run_is_silent_and_fits(browser: Any, small_run: SmallRun, width: int) -> None:
    page = small_run.folder / "report" / "index.html"
    resize(browser, width)
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(page.as_uri())
    zones = browser.execute_script("return document.querySelectorAll('#lv-map-svg .zones path').length")
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert browser.get_log("browser") == []
    assert [url.split("#")[0] for url in requests(browser)] == [page.as_uri()]
    assert zones > 1000
    assert wide <= width
