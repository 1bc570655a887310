"""The content of the page in one language: what the template shows, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from zemsim.core import numbers
from zemsim.report import horizons, map_view, tables
from zemsim.report.classes import UNCLEAR
from zemsim.report.figures import FIGURES
from zemsim.report.findings import findings
from zemsim.report.map import MapGeometry, build_geometry, map_svg, place_points
from zemsim.report.map_view import Layer
from zemsim.report.results import BASELINE, MAIN_KEYS, MODE_KEYS, Results
from zemsim.report.sources import Inputs
from zemsim.report.text import MAX_TEXT, in_language, tidy
from zemsim.report.words import Words, indicator


@dataclass(frozen=True)
class DrawnMap:
    """The map before words: geometry, layers, names, added chargers by number of policy, and what is shown first."""

    frame: MapGeometry
    layers: list[Layer]
    names: list[str]
    extra: dict[str, list[tuple[int, int]]]
    policy: str
    numbered: dict[str, str]


def drawn_map(inputs: Inputs) -> DrawnMap | None:
    """Return the map, or None if the run gives no zones or no values for them."""
    if inputs.place is None:
        return None
    frame = build_geometry(inputs.place)
    found = map_view.layers(inputs.results, frame)
    if not found:
        return None
    numbered = {policy.id: str(policy.number) for policy in inputs.results.policies}
    added = {numbered[policy]: points for policy, points in inputs.extra_sites.items() if points}
    extra = {number: place_points(frame, points) for number, points in added.items()}
    names = map_view.zone_names(frame.zones, inputs.place.settlements)
    return DrawnMap(frame, found, names, extra, _first_policy(inputs.results, found[0]), numbered)


def _first_policy(results: Results, first: Layer) -> str:
    falls = {
        p.id: results.effect(p.id, "co2_wtw_kg_year") for p in results.measures_of_interest if p.id in first.changes
    }
    clear = [policy for policy, effect in falls.items() if effect.direction < 0]
    if clear:
        return min(clear, key=lambda policy: falls[policy].diff)
    return next(iter(falls), BASELINE)


def script_data(drawn: DrawnMap, languages: Sequence[str]) -> dict[str, Any]:
    """Return the data island of the page."""
    data = map_view.script_data(drawn.layers, drawn.frame, drawn.names, drawn.numbered, languages)
    data["words"] = {language: _script_words(Words(language)) for language in languages}
    return data


def _script_words(words: Words) -> dict[str, str]:
    keys = {
        "residents": "map_residents",
        "few": "map_few",
        "without": "map_without",
        "withPolicy": "map_with",
        "difference": "map_difference",
        "label": "map_label",
        "unclear": "unclear",
    }
    return {name: words(key) for name, key in keys.items()}


def build(inputs: Inputs, drawn: DrawnMap | None, language: str) -> dict[str, Any]:
    """Return everything that ``sheet.html.j2`` shows in one language."""
    words, results = Words(language), inputs.results
    manifest = results.manifest
    title = in_language(manifest.get("experiment", {}).get("title"), language) or tidy(
        manifest.get("experiment", {}).get("id", "zemsim")
    )
    baseline = next((p.name(language) for p in results.policies if p.id == BASELINE), BASELINE)
    shown = results.keys((*MAIN_KEYS, *MODE_KEYS))
    lacking = [indicator(key).title[language] for key in (*MAIN_KEYS, *MODE_KEYS) if key not in shown]
    return {
        "language": language,
        "template": "sheet.html.j2",
        "words": words,
        "title": title,
        "lead": _lead(results, words),
        "year": results.year,
        "baseline_name": baseline,
        "evidence": tables.evidence_rows(_evidence(manifest.get("region_summary")), words),
        "findings": findings(results, words),
        **about_intervals(results, words, baseline),
        "tables": _headlines(results, words, baseline),
        "horizons": horizons.section(results, inputs.short_run, words),
        "missing": words("missing_indicators", names=", ".join(lacking)) if lacking else "",
        "meanings": _meanings(shown, drawn, language),
        "map": None if drawn is None else _map(inputs, drawn, words),
        "no_map": words("map_none", reason=words("map_no_region" if inputs.place is None else "map_no_values")),
        "numbers": [(policy.number, policy.name(language)) for policy in results.policies],
        "figures": _figures(results, words),
        "measures": tables.measure_rows(results, words),
        "verdicts": tables.verdict_rows(results, words),
        "facts": tables.fact_rows(inputs.facts, words),
        "fact_counts": tables.fact_counts(inputs.facts, words),
        "sources": [tidy(line, MAX_TEXT) for line in inputs.sources],
        "provenance": provenance(results, words),
    }


def about_intervals(results: Results, words: Words, baseline: str) -> dict[str, Any]:
    """Return what is said of the intervals and of methods and limits; other words where seeds draw parameters."""
    drawn = results.drawn
    told = {
        "baseline": baseline,
        "files": ", ".join(tidy(name) for name in results.draws_files),
        "drawn": ", ".join(words.or_own(f"drawn_{symbol}", tidy(symbol)) for symbol in drawn),
    }
    other = {"methods_4": "methods_4_draws", "limits_1": "limits_1_draws"} if drawn else {}
    lists = {
        part: [words(other.get(key, key), **told) for key in (f"{part}_{n}" for n in range(1, 5))]
        for part in ("methods", "limits")
    }
    return {"findings_note": words("findings_note_draws" if drawn else "findings_note", **told), **lists}


def _evidence(summary: Any) -> Sequence[Any]:
    return (summary.get("evidence") if isinstance(summary, dict) else summary) or []


def _lead(results: Results, words: Words) -> str:
    manifest = results.manifest
    region = manifest.get("region") or {}
    name = in_language(region.get("title"), words.language) or tidy(region.get("name", "")) if region else ""
    known = {
        "region": name or numbers.UNKNOWN,
        "policies": len(results.policies),
        "seeds": len(results.seeds),
        "year": results.year,
    }
    people = results.residents()
    if people is None:
        return words("lead_short", **known)
    return words("lead", residents=numbers.number(people, 0, words.language), **known)


def _headlines(results: Results, words: Words, baseline: str) -> list[dict[str, Any]]:
    made = []
    for keys, caption in ((MAIN_KEYS, "headline_caption"), (MODE_KEYS, "modes_caption")):
        table = tables.headline_table(results, keys, words)
        if table["heads"]:
            values = (
                {"year": results.year, "baseline": baseline}
                if caption == "headline_caption"
                else {"year": results.year}
            )
            made.append({**table, "caption": words(caption, **values)})
    return made


def _meanings(shown: Sequence[str], drawn: DrawnMap | None, language: str) -> list[tuple[str, str]]:
    keys = list(dict.fromkeys([*shown, *(one.key for one in (drawn.layers if drawn else []))]))
    modes = [key for key in keys if key in MODE_KEYS]
    rows = [(indicator(key).title[language], indicator(key).meaning[language]) for key in keys if key not in MODE_KEYS]
    if modes:
        rows.append((", ".join(indicator(key).title[language] for key in modes), indicator(modes[0]).meaning[language]))
    return rows


def _map(inputs: Inputs, drawn: DrawnMap, words: Words) -> dict[str, Any]:
    language, results = words.language, inputs.results
    first = drawn.layers[0]
    names = {
        p.id: f"{p.number} {p.name(language)}" for p in results.policies if p.id == BASELINE or p.id in first.changes
    }
    title = f"{indicator(first.key).title[language]}: {names[drawn.policy]}"
    rows = map_view.municipality_rows(results, drawn.frame, first.key)
    caption = words(
        "map_table_caption",
        indicator=indicator(first.key).title[language],
        unit=indicator(first.key).unit[language],
        year=results.year,
    )
    svg = map_svg(
        drawn.frame,
        first.classes(drawn.policy),
        first.palette(drawn.policy),
        label=f"{title}. {words('map_label')}",
        north=words("map_north"),
        prefix=f"{language}-",
        extra=drawn.extra,
        shown_extra=drawn.numbered[drawn.policy],
    )
    return {
        "svg": Markup(svg),  # noqa: S704 - escaped by map_svg
        "key": first.key,
        "policy": drawn.numbered[drawn.policy],
        "title": title,
        "policies": [(drawn.numbered[policy], name) for policy, name in names.items()],
        "layers": [(one.key, indicator(one.key).title[language]) for one in drawn.layers],
        "legends": [_legend(one, kind, drawn, words) for one in drawn.layers for kind in ("d", "s")],
        "symbols": [name for name, there in (("charger", drawn.frame.chargers), ("extra", drawn.extra)) if there],
        "table": {**tables.municipality_table(rows, results, first.key, words), "caption": caption},
    }


def _legend(one: Layer, kind: str, drawn: DrawnMap, words: Words) -> dict[str, Any]:
    change = kind == "d"
    how = indicator(one.key)
    unit = (how.diff_unit if change else how.unit)[words.language]
    rows = (
        map_view.change_legend(one.change_breaks, words) if change else map_view.level_legend(one.level_breaks, words)
    )
    if change:
        rows = [*rows, (f"d{UNCLEAR}", words("map_unclear"), "")]
    return {
        "key": one.key,
        "kind": kind,
        "unit": f"{words('map_change' if change else 'map_level')}, {unit}",
        "rows": rows,
        "by_zone": one.by_zone,
        "shown": one is drawn.layers[0] and kind == one.palette(drawn.policy),
    }


def _figures(results: Results, words: Words) -> list[dict[str, Any]]:
    made = []
    for name, title, draw in FIGURES:
        svg = draw(results, words, f"{words.language}-{name}-")
        made.append({"title": words(title), "svg": Markup(svg) if svg else ""})  # noqa: S704 - escaped by tame()
    return made


def provenance(results: Results, words: Words) -> list[tuple[str, str]]:
    """Return what proves where the run came from: fingerprint, region pack, versions, timings."""
    manifest = results.manifest
    rows = [("provenance_fingerprint", manifest.get("fingerprint")), ("provenance_region", manifest.get("region"))]
    rows += [
        ("provenance_versions", manifest.get("versions")),
        ("provenance_timings", _scalars(manifest.get("timings"))),
    ]
    rows += [("provenance_created", manifest.get("created"))]
    return [(words(key), _flat(value, words.language)) for key, value in rows if value]


def _scalars(value: Any) -> Any:
    return {k: v for k, v in value.items() if not isinstance(v, (dict, list))} if isinstance(value, dict) else value


def _flat(value: Any, language: str) -> str:
    if isinstance(value, dict):
        if value and set(value) <= {"lv", "en"}:
            return in_language(value, language, MAX_TEXT)
        return tidy("; ".join(f"{key} {_flat(entry, language)}" for key, entry in value.items()), MAX_TEXT)
    if isinstance(value, float):
        return numbers.loose(value, language)
    return tidy(value, MAX_TEXT)
