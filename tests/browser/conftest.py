"""A headless Chromium with an empty profile that may ask nothing of the network."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.sample import sample_inputs
from zemsim.report.page import write_page

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

#: A machine that is busy may be too slow to start one, once.
STARTS = 3


def _program(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A started browser; tests are skipped without one, unless ``ZEMSIM_REQUIRE_BROWSER=1``."""
    chromium, driver = _program("chromium", "chromium-browser", "google-chrome"), _program("chromedriver")
    if chromium is None or driver is None:
        reason = "no Chromium with chromedriver on this machine (Debian: chromium, chromium-driver)"
        if os.environ.get("ZEMSIM_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium.common.exceptions import WebDriverException

    for attempt in range(STARTS):
        try:
            started = _start(chromium, driver, tmp_path_factory.mktemp("profile"))
            break
        except WebDriverException:
            if attempt == STARTS - 1:
                raise
    yield started
    started.quit()


def _start(chromium: str, driver: str, profile: Path) -> Any:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the invented run, as a file."""
    folder = tmp_path_factory.mktemp("page")
    return write_page(sample_inputs(folder), folder / "index.html")


@pytest.fixture
def opened(browser: Any, page_file: Path) -> Any:
    """The page in the browser at desktop width, with empty logs."""
    resize(browser, 1280)
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(page_file.as_uri())
    return browser


def resize(browser: Any, width: int) -> None:
    """Set the width of the screen in CSS pixels; below 600 it is a phone."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def requests(browser: Any) -> list[str]:
    """Addresses that were asked for since the last look."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
