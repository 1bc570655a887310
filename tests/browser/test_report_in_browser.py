"""The page in a real browser: silent, self-contained, switchable, and no wider than a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import requests, resize
from zemsim.core.numbers import number, signed

pytestmark = pytest.mark.browser


def element(browser: Any, css: str) -> Any:
    return browser.find_element("css selector", css)


def zone_classes(browser: Any, language: str = "lv") -> list[str]:
    script = (
        f"return [...document.querySelectorAll('#{language}-map-svg .zones path')].map(p => p.getAttribute('class'))"
    )
    return list(browser.execute_script(script))


def choose(browser: Any, css: str, value: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(element(browser, css)).select_by_value(value)


def test_no_console_error_and_no_request_but_the_file(opened: Any, page_file: Path) -> None:
    for value in ("0", "1", "4"):
        choose(opened, ".sheet[lang=lv] .pick-policy", value)
    element(opened, "label[for=pick-en]").click()
    assert opened.get_log("browser") == []
    assert [url.split("#")[0] for url in requests(opened)] == [page_file.as_uri()]


def test_the_policy_stops_what_a_name_might_smuggle_in(opened: Any) -> None:
    opened.execute_script(
        "const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);"
        "const s = document.createElement('script'); s.textContent = 'window.bad = 1'; document.body.append(s);"
    )
    assert opened.execute_script("return window.bad") is None
    opened.execute_async_script("setTimeout(arguments[0], 300)")
    messages = " ".join(entry["message"] for entry in opened.get_log("browser"))
    assert "violates the following Content Security Policy directive" in messages


def test_the_language_switch(opened: Any) -> None:
    latvian, english = element(opened, ".sheet[lang=lv]"), element(opened, ".sheet[lang=en]")
    assert (latvian.is_displayed(), english.is_displayed()) == (True, False)
    element(opened, "label[for=pick-en]").click()
    assert (latvian.is_displayed(), english.is_displayed()) == (False, True)
    assert opened.execute_script("return document.documentElement.lang") == "en"
    assert opened.title == "TEST data 2035"
    element(opened, "label[for=pick-lv]").click()
    assert latvian.is_displayed()
    assert opened.title.startswith("TESTA dati 2035")


def test_the_language_switch_by_keyboard(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    opened.execute_script("document.getElementById('pick-lv').focus()")
    opened.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert element(opened, ".sheet[lang=en]").is_displayed()


def test_an_address_with_en_opens_english(browser: Any, page_file: Path) -> None:
    browser.get("about:blank")
    browser.get(page_file.as_uri() + "#en-map")
    assert element(browser, ".sheet[lang=en]").is_displayed()


def test_the_policy_selector_recolours_the_map(opened: Any) -> None:
    first = zone_classes(opened)
    choose(opened, ".sheet[lang=lv] .pick-policy", "8")
    second = zone_classes(opened)
    assert first != second
    assert len(second) == len(first)
    choose(opened, ".sheet[lang=lv] .pick-policy", "0")
    assert {name[0] for name in zone_classes(opened) if name != "na"} == {"s"}
    visible = [s for s in opened.find_elements("css selector", ".sheet[lang=lv] .legend-set") if s.is_displayed()]
    assert [(s.get_attribute("data-kind"), s.get_attribute("data-layer")) for s in visible] == [
        ("s", "car_km_per_resident_day")
    ]
    choose(opened, ".sheet[lang=lv] .pick-policy", "3")
    assert zone_classes(opened) == first
    choose(opened, ".sheet[lang=lv] .pick-layer", "ev_share")
    assert zone_classes(opened) != first
    assert "Elektroauto daļa: 3 " in element(opened, ".sheet[lang=lv] .map-title").text


def test_the_script_colours_as_the_server_did(opened: Any, page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    drawn = text.split('<g class="zones">')[1].split("</g>")[0]
    assert [part.split('"')[0] for part in drawn.split('class="')[1:]] == zone_classes(opened)


def test_added_chargers_show_under_their_policy_only(opened: Any) -> None:
    added = element(opened, "#lv-map-svg .extra-set")
    assert not added.is_displayed()
    choose(opened, ".sheet[lang=lv] .pick-policy", "2")
    assert added.is_displayed()


def test_a_zone_tells_its_figures_by_mouse_and_keyboard(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    svg = element(opened, "#lv-map-svg")
    svg.send_keys(Keys.ARROW_RIGHT)
    first = element(opened, ".sheet[lang=lv] .card").text
    assert "iedzīvotāji" in first
    assert "Izmaiņa" in first
    svg.send_keys(Keys.ARROW_RIGHT)
    assert element(opened, ".sheet[lang=lv] .card").text != first
    opened.execute_script(
        "document.querySelector('#lv-map-svg .zones path').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert "Z0000" in element(opened, ".sheet[lang=lv] .card").text


def test_the_script_writes_numbers_as_the_program_does(opened: Any) -> None:
    data = opened.execute_script("return JSON.parse(document.getElementById('data').textContent)")
    layer = data["layers"]["car_km_per_resident_day"]
    scale = 10 ** layer["decimals"]
    opened.execute_script(
        "document.querySelector('#lv-map-svg .zones path').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    card = element(opened, ".sheet[lang=lv] .card").text
    assert number(layer["level"][0] / scale, layer["decimals"], "lv") in card
    assert signed(layer["changes"]["3"][0] / scale, layer["decimals"], "lv") in card


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("language", ["lv", "en"])
def test_no_sideways_scroll_of_the_page(opened: Any, width: int, language: str) -> None:
    resize(opened, width)
    opened.execute_script(f"document.getElementById('pick-{language}').checked = true")
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    assert opened.execute_script("return document.body.scrollWidth") <= width


def test_tables_fit_the_desktop(opened: Any) -> None:
    script = (
        "return [...document.querySelectorAll('.sheet[lang=lv] .box')]"
        ".filter(b => b.scrollWidth > b.clientWidth + 1).map(b => b.getAttribute('aria-labelledby'))"
    )
    assert opened.execute_script(script) == []


def test_without_script_the_evidence_is_there(browser: Any, page_file: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(page_file.as_uri())
        assert element(browser, "#lv-map-svg").is_displayed()
        assert not element(browser, ".sheet[lang=lv] .controls").is_displayed()
        assert "CO₂ izmešus visvairāk samazina" in element(browser, ".sheet[lang=lv] .findings").text
        element(browser, "label[for=pick-en]").click()
        assert "cuts CO₂ the most" in element(browser, ".sheet[lang=en] .findings").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_it_prints_with_the_measures_open(opened: Any) -> None:
    pdf = opened.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(pdf["data"]) > 50_000
    assert opened.get_log("browser") == []


def test_controls_and_regions_have_names(opened: Any) -> None:
    script = """
      const nameless = [];
      for (const e of document.querySelectorAll('select, [role=img], [role=region], input, table, nav')) {
        const label = e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || (e.labels && e.labels.length)
          || e.closest('.box');
        if (!label) nameless.push(e.outerHTML.slice(0, 80));
      }
      return nameless;
    """
    assert opened.execute_script(script) == []
