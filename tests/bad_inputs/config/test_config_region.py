"""Experiments whose form is right and whose content is not: unknown places, routes, measures, years, and conflicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bad_inputs.config.config_faults import message_lines
from tests.bad_inputs.config.config_samples import Loc, Writer, experiment, measure
from zemsim.core.errors import InputError, InputErrors
from zemsim.experiment.experiment import load_experiment
from zemsim.region import Region, load_region

HERE: Loc = ("policy", 1, "measure", 0)


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("zemgale")


def faults(document: dict[str, Any], folder: Path, region: Region) -> tuple[list[tuple[int, str]], Writer]:
    """Messages of an experiment as (line, text)."""
    path = folder / "bad.toml"
    written = Writer(document)
    path.write_text(written.text, encoding="utf-8")
    with pytest.raises((InputError, InputErrors)) as caught:
        load_experiment(path, region=region)
    return message_lines(str(caught.value), str(path)), written


def in_measure(position: int, **values: Any) -> dict[str, Any]:
    document = experiment(measure(position))
    document["policy"][1]["measure"][0].update(values)
    return document


def _simulated_from(year: int) -> dict[str, Any]:
    document = experiment(measure(3))
    document["experiment"]["days_in"] = [year, 2035]
    return document


def _short_run(seeds: int, *measures: str) -> dict[str, Any]:
    document = experiment(measure(3))
    document["experiment"]["short_run_seeds"] = seeds
    document["policy"][0]["measures"] = list(measures)
    return document


CASES: dict[str, tuple[Callable[[], dict[str, Any]], Loc, str]] = {
    "no year before the first measure": (
        lambda: _simulated_from(2027),
        ("experiment", "days_in"),
        "the first measure begins in 2026, and no year before it is simulated",
    ),
    "short run from a baseline with measures": (
        lambda: _short_run(1, "free-bus"),
        ("experiment", "short_run_seeds"),
        "a short run is told from a world without measures, and “baseline” has some",
    ),
    "short run of more seeds than there are": (
        lambda: _short_run(3),
        ("experiment", "short_run_seeds"),
        "must be at most 2, the number of seeds, got 3",
    ),
    "place": (
        lambda: in_measure(3, places=["Jelgava", "Jelgavaa"]),
        (*HERE, "places"),
        "unknown place “Jelgavaa”: did you mean “Jelgava”?",
    ),
    "settlement": (
        lambda: in_measure(0, places=["Bauskas pagasts"]),
        (*HERE, "places"),
        "unknown place “Bauskas pagasts”: did you mean",
    ),
    "municipality": (
        lambda: in_measure(2, places=["Bauskas rajons"]),
        (*HERE, "places"),
        "unknown place “Bauskas rajons”: did you mean “Bauskas novads”?",
    ),
    "zone": (lambda: in_measure(2, places=["z0"]), (*HERE, "places"), "unknown place “z0”"),
    "network": (
        lambda: in_measure(13, networks=["regional_buss"]),
        (*HERE, "networks"),
        "unknown network “regional_buss”: did you mean “regional_bus”?",
    ),
    "route": (
        lambda: in_measure(13, route_ids=["bus-6375", "bus-0"]),
        (*HERE, "route_ids"),
        "unknown route “bus-0”",
    ),
    "city network": (
        lambda: in_measure(20, network="city_bus_jelgavas"),
        (*HERE, "network"),
        "unknown network “city_bus_jelgavas”: did you mean “city_bus_jelgava”?",
    ),
    "late": (
        lambda: in_measure(3, from_year=2040, until_year=2050),
        (*HERE, "from_year"),
        "begins in 2040, after the last year 2035",
    ),
    "until before from": (
        lambda: in_measure(3, until_year=2020),
        (*HERE, "until_year"),
        "must not be before from_year",
    ),
    "steps begin late": (
        lambda: in_measure(3, points_per_100_flats={"2028": 1}),
        (*HERE, "points_per_100_flats"),
        "says nothing for 2026",
    ),
    "ages": (
        lambda: in_measure(12, persons={"age_min": 20, "age_max": 18}),
        (*HERE, "persons", "age_max"),
        "must not be below age_min 20, got 18",
    ),
    "stop of a line": (
        lambda: in_measure(14, stops=["Bauska", "bus-iecavaa"]),
        (*HERE, "stops"),
        "unknown stop or settlement “bus-iecavaa”: did you mean “bus-iecava”?",
    ),
    "hub": (lambda: in_measure(19, hubs=["Dobelle"]), (*HERE, "hubs"), "did you mean “Dobele”?"),
    "route that stays": (
        lambda: in_measure(13, except_route_ids=["bus-6300"]),
        (*HERE, "except_route_ids"),
        "unknown route “bus-6300”",
    ),
    "line of one stop": (lambda: in_measure(14, stops=["Bauska"]), (*HERE, "stops"), "2"),
    "time of the day": (
        lambda: in_measure(14, hours={"first": "06:00", "last": "24:30"}),
        (*HERE, "hours", "last"),
        "a time of the day from 00:00 to 24:00, got “24:30”",
    ),
    "stop that no line calls at": (
        lambda: in_measure(17, stops=["bus-dobele"]),
        ("policy", 1),
        "route “bus-riga-bauska” does not call at “bus-dobele”",
    ),
    "stop too far from a line": (
        lambda: in_measure(16, detour_max_m=10),
        ("policy", 1),
        "comes nowhere within 10 m of stop",
    ),
    "speed": (lambda: in_measure(2, power_kw=22), (*HERE, "kind"), "22 kW is not fast"),
    "two ways": (
        lambda: in_measure(5, add_eur_l=0.1),
        (*HERE, "add_eur_l"),
        "give exactly one of price_factor and add_eur_l; both are given",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_content_that_does_not_fit(name: str, tmp_path: Path, region: Region) -> None:
    build, loc, message = CASES[name]
    found, written = faults(build(), tmp_path, region)
    assert len(found) == 1, found
    line, text = found[0]
    assert line == written.line[loc]
    assert message in text


def test_unknown_measure_parameter_and_missing_baseline(tmp_path: Path, region: Region) -> None:
    document = experiment(measure(3))
    document["policy"][1]["measures"] = ["free-buss"]
    document["behaviour"] = {"b_costs": -0.3}
    document["policy"][0]["id"] = "base"
    found, written = faults(document, tmp_path, region)
    assert found == [
        (
            written.line["behaviour", "b_costs"],
            "behaviour.b_costs: there is no parameter “b_costs” - did you mean “b_cost”?",
        ),
        (
            written.line["policy",],
            "policy: there is no policy with the id “baseline” - "
            "all policies are compared with it; without measures it is the region as it stands",
        ),
        (
            written.line["policy", 1, "measures"],
            "policy[2].measures[1]: there is no measure “free-buss” in the catalogue - did you mean “free-bus”?",
        ),
    ]


@pytest.mark.parametrize(
    ("symbol", "value", "message"),
    [("b_habit", 0.5, "no part of the model reads it yet"), ("b_cost", -9.0, "must lie from -0.45 to -0.25 utils/EUR")],
)
def test_a_parameter_that_cannot_be_set_so(
    symbol: str, value: float, message: str, tmp_path: Path, region: Region
) -> None:
    document = experiment(measure(3))
    document["behaviour"] = {symbol: value}
    found, written = faults(document, tmp_path, region)
    assert len(found) == 1, found
    line, text = found[0]
    assert line == written.line["behaviour", symbol]
    assert text.startswith(f"behaviour.{symbol}: {message}")


def test_policies_and_measures_that_are_there_twice(tmp_path: Path, region: Region) -> None:
    document = experiment(measure(3), measure(3))
    document["policy"].append(dict(document["policy"][0]))
    found, written = faults(document, tmp_path, region)
    assert [line for line, _ in found] == [written.line["policy", 1, "measure", 1], written.line["policy", 2, "id"]]
    assert "the measure “m-4” is in this policy twice" in found[0][1]
    assert f"the id “baseline” is on line {written.line['policy', 0, 'id']} too" in found[1][1]


def test_two_measures_that_set_the_same_thing(tmp_path: Path, region: Region) -> None:
    first, second = measure(5), {**measure(6), "fuels": ["petrol", "diesel"], "id": "other-fuel"}
    found, written = faults(experiment(first, second), tmp_path, region)
    assert len(found) == 1
    assert found[0][0] == written.line["policy", 1]
    assert "measures “m-6” and “other-fuel” both set the price petrol_eur_l in 2026" in found[0][1]


def test_two_measures_in_other_years_or_places_are_no_conflict(tmp_path: Path, region: Region) -> None:
    document = experiment(
        {**measure(5), "until_year": 2029},
        {**measure(5), "id": "later", "from_year": 2030},
        {**measure(3), "places": ["Jelgava"]},
        {**measure(3), "id": "elsewhere", "places": ["Bauskas novads"]},
    )
    path = tmp_path / "good.toml"
    path.write_text(Writer(document).text, encoding="utf-8")
    found = load_experiment(path, region=region)
    assert [m.name for m in found.policy("other").measures] == ["free-bus", "m-6", "later", "m-4", "elsewhere"]


def test_unknown_region(tmp_path: Path) -> None:
    document = experiment(measure(3))
    document["experiment"]["region"] = "zemgal"
    path = tmp_path / "bad.toml"
    written = Writer(document)
    path.write_text(written.text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_experiment(path)
    ((line, text),) = message_lines(str(caught.value), str(path))
    assert line == written.line["experiment", "region"]
    assert text.startswith("experiment.region: there is no region “zemgal”")
    assert "did you mean “zemgale”?" in text


def test_a_linked_folder_that_leads_out_of_the_experiment_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pack").symlink_to(tmp_path / "elsewhere")
    document = experiment(measure(3))
    document["experiment"]["region"] = "pack"
    path = tmp_path / "here" / "bad.toml"
    path.write_text(Writer(document).text, encoding="utf-8")
    with pytest.raises(InputError, match="leads out of the experiment's folder"):
        load_experiment(path)
