"""The page is one file that asks nothing of anybody, says what it rests on first, and says what it lacks."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.report.html_outline import outline
from tests.report.sample import SampleRun, sample_headline, sample_inputs, sample_run
from zemsim.core.errors import OutputError
from zemsim.report import page as page_module
from zemsim.report.page import asset, chosen, content_security_policy, render, target, write_page, write_report
from zemsim.report.results import Results
from zemsim.report.sources import Inputs


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second; tests that look at other parts go without."""
    monkeypatch.setattr("zemsim.report.sheet.FIGURES", ())


def policy_of(page: str) -> str:
    return next(v for _, name, v in outline(page).attributes if name == "content" and v.startswith("default-src"))


def test_hashes_of_the_policy_match_style_and_script(page: str) -> None:
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert style is not None
    assert len(scripts) == 1
    for text in (style[1], scripts[0]):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy_of(page)


def test_the_policy_lets_nothing_in(page: str) -> None:
    policy = policy_of(page)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert content_security_policy(asset("page.css"), asset("page.js")) == policy


def test_nothing_on_the_page_points_outside(page: str) -> None:
    places = ("src", "href", "action", "data", "poster", "srcset", "background", "xlink:href", "ping", "formaction")
    links = [(tag, value) for tag, name, value in outline(page).attributes if name in places]
    assert len(links) > 20
    assert all(value.startswith("#") for _, value in links)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert "//# sourceMappingURL" not in page


def test_no_style_attribute_and_no_event_attribute(page: str) -> None:
    names = {name for _, name, _ in outline(page).attributes}
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


def test_ids_are_unique_and_every_reference_has_its_target(page: str) -> None:
    attributes = outline(page).attributes
    ids = [value for _, name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = [v[1:] for _, name, v in attributes if name == "href"]
    wanted += [v for _, name, v in attributes if name in ("aria-labelledby", "for")]
    wanted += re.findall(r"url\(#([^)]+)\)", page)
    assert set(wanted) <= set(ids)


def test_the_first_table_says_what_rests_on_estimates(page: str) -> None:
    for sheet in page.split('<div class="sheet"')[1:]:
        table = sheet[sheet.index("<table") : sheet.index("</table>")]
        assert 'class="evidence"' in table
    first = page[page.index("<table") : page.index("</table>")]
    for text in (
        "Iedzīvotāji",
        "62\u00a0%",
        "35\u00a0%",
        "Ceļu garums",
        "Sabiedriskā transporta reisi",
        "&lt;1\u00a0%",
    ):
        assert text in first


def test_the_same_inputs_give_the_same_bytes(inputs: Inputs, page: str) -> None:
    assert render(inputs) == page


def test_evidence_needs_no_script(page: str) -> None:
    without = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    found = outline(without)
    text = " ".join(found.text)
    assert "−14" in text
    assert "CO₂ izmešus visvairāk samazina" in text
    classes = [value for tag, name, value in found.attributes if tag == "path" and name == "class"]
    assert sum(value.startswith("d") for value in classes) > 100


@pytest.mark.usefixtures("no_figures")
def test_both_languages_or_one(inputs: Inputs, page: str) -> None:
    assert page.count('<div class="sheet"') == 2
    assert '<html lang="lv">' in page
    english = render(inputs, ("en",))
    assert english.count('<div class="sheet"') == 1
    assert 'class="pick"' not in english
    assert '<html lang="en">' in english
    assert "Iedzīvotāji" not in english


def test_languages_are_chosen_by_name() -> None:
    assert chosen("both") == ("lv", "en")
    assert chosen("en") == ("en",)
    with pytest.raises(ValueError, match="language must be lv, en or both"):
        chosen("de")


def test_missing_parts_are_said(inputs: Inputs) -> None:
    manifest = {**inputs.results.manifest}
    del manifest["region_summary"]
    keep = inputs.results.indicators[inputs.results.indicators["indicator"] == "ev_share"]
    head = inputs.results.headline[["policy", "ev_share", "ev_share_diff", "ev_share_low", "ev_share_high"]]
    head.attrs["year"] = 2035
    bare = Inputs(Results(manifest, keep, head, []))
    text = " ".join(outline(render(bare, ("en",))).text)
    assert "carries no summary of the region" in text
    assert "The map cannot be shown: the region pack was not found." in text
    assert "The figure “Cost and CO₂ avoided” cannot be drawn" in text
    assert "The run folder has no verdicts." in text
    assert "The run folder has no comparison of the baseline with facts." in text
    assert "This run folder lacks: Car kilometres" in text
    assert "nan" not in text.lower().split()


@pytest.mark.usefixtures("no_figures")
def test_a_map_by_municipality_says_so(inputs: Inputs) -> None:
    table = inputs.results.indicators
    only = table[~table["place"].astype(str).str.startswith("Z0")]
    fewer = dataclasses.replace(
        inputs, results=Results(inputs.results.manifest, only, inputs.results.headline, inputs.results.verdicts)
    )
    assert "by municipality only" in render(fewer, ("en",))
    assert "by municipality only" not in render(inputs, ("en",))


def test_zones_of_few_residents_have_no_colour_and_no_figure(inputs: Inputs, page: str) -> None:
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    few = data["residents"].index(3)
    for layer in data["layers"].values():
        assert layer["level"][few] is None
        assert all(change[few] is None for change in layer["changes"].values())
        assert {classes[few] for classes in layer["classes"].values()} == {"-"}
        assert layer["level"].count(None) == 1


def test_colours_compare_over_policies(page: str) -> None:
    """A zone whose change is larger never has a class nearer to zero, whichever policy it is under."""
    layer = json.loads(page.split('id="data">')[1].split("</script>")[0])["layers"]["car_km_per_resident_day"]
    pairs = [
        (abs(value), abs(int(c) - 3))  # unclear ones have no colour
        for policy, values in layer["changes"].items()
        for value, c in zip(values, layer["classes"][policy], strict=True)
        if value is not None and c != "u"
    ]
    top = {c: max(v for v, k in pairs if k == c) for c in range(4) if any(k == c for _, k in pairs)}
    low = {c: min(v for v, k in pairs if k == c) for c in top}
    assert len(top) == 4
    assert all(top[c] <= low[c + 1] + 1 for c in range(3))


@pytest.mark.usefixtures("no_figures")
def test_write_page_makes_the_folder_and_keeps_the_old_page_on_failure(inputs: Inputs, tmp_path: Path) -> None:
    path = write_page(inputs, tmp_path / "a" / "b" / "index.html", "en")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    blocked = tmp_path / "file"
    blocked.write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot make the folder"):
        write_page(inputs, blocked / "index.html", "en")


def test_a_folder_or_a_file_may_be_named(tmp_path: Path) -> None:
    assert target(tmp_path) == tmp_path / "index.html"
    assert target(tmp_path / "page.HTML") == tmp_path / "page.HTML"


@pytest.mark.usefixtures("no_figures")
def test_write_report_gathers_and_writes_into_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sample_run(tmp_path)
    seen: list[SampleRun] = []

    def gather(given: SampleRun) -> Inputs:
        seen.append(given)
        return Inputs(Results(given.manifest, given.indicators, sample_headline(given.indicators), given.verdicts))

    monkeypatch.setattr(page_module, "gather", gather)
    path = write_report(run, language="lv")
    assert seen == [run]
    assert path == tmp_path / "report" / "index.html"
    assert "TESTA dati 2035" in path.read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_figures")
def test_one_seed_claims_nothing(tmp_path: Path) -> None:
    text = " ".join(outline(render(sample_inputs(tmp_path, seeds=(1,)), ("en",))).text)
    assert "This run has one seed only" in text
    assert "cuts CO₂ the most" not in text
    assert "▼" not in text.split("▲ ▼ a clear rise")[0]


def test_size_of_the_page_is_bounded(page: str) -> None:
    assert len(page.encode()) < 1_000_000
