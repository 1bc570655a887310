"""The catalogue, national policy and the default experiment: complete, with sources, in two languages."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import zemsim
from tests.bad_inputs.config.config_samples import MEASURES, Writer, experiment, measure
from zemsim.core.errors import InputError, UsageError
from zemsim.core.settings import check, parse_document
from zemsim.experiment.experiment import BASELINE, DEFAULT, Experiment, load_experiment
from zemsim.experiment.settings import ExperimentFile, experiment_schema
from zemsim.policy.catalogue import catalogue, measure_by_id
from zemsim.policy.conditions import conditions, national_policy
from zemsim.policy.draft import PolicyRegion
from zemsim.policy.lever import Theme
from zemsim.policy.levers import LEVERS
from zemsim.policy.schedule import Schedule, Steps

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def default() -> Experiment:
    return load_experiment()


@pytest.fixture(scope="module")
def base() -> PolicyRegion:
    return PolicyRegion.of(zemsim.load_region("zemgale"))


def test_the_catalogue_covers_the_five_themes_and_every_lever() -> None:
    found = catalogue().values()
    assert len(found) >= 12
    assert {m.theme for m in found} == set(get_args(Theme))
    assert {m.lever for m in found} == set(LEVERS)
    assert list(catalogue()) == sorted(catalogue())


def test_measures_say_where_they_come_from_in_two_languages() -> None:
    for found in (*catalogue().values(), *national_policy()):
        assert found.title is not None
        assert found.title.lv != found.title.en
        assert len(found.source) > 20
        assert found.origin
        costs = {name for name in type(found).model_fields if re.search(r"capex|^cost_(eur|share)", name)}
        assert not costs or len(getattr(found, "cost_source", "")) > 20, found.name


def test_every_file_of_the_catalogue_is_named_after_its_measure() -> None:
    names = {path.stem for path in (ROOT / "zemsim" / "policy" / "measures").glob("*.toml")}
    assert names == set(catalogue())


def test_an_unknown_measure_is_led_to_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean “free-bus”"):
        measure_by_id("free-buss")


def test_the_package_and_the_repository_carry_the_same_experiment() -> None:
    packaged = (files("zemsim") / "experiment" / "default" / DEFAULT).read_bytes()
    assert packaged == (ROOT / "experiments" / "zemgale-2035" / "experiment.toml").read_bytes()


def test_the_default_experiment(default: Experiment) -> None:
    assert default.id == "zemgale-2035"
    assert default.path is None
    assert (default.years, default.days_in, len(default.seeds)) == ((2024, 2035), (2024, 2030, 2035), 3)
    assert default.policies[0].id == BASELINE
    assert default.policies[0].measures == ()
    assert len(default.policies) >= 9
    themes = {m.theme for policy in default.policies for m in policy.measures}
    assert themes == set(get_args(Theme))
    from_file = load_experiment(ROOT / "experiments" / "zemgale-2035")
    assert from_file == default
    assert from_file.digest() == default.digest()


def test_its_readme_states_a_hypothesis_for_every_policy(default: Experiment) -> None:
    text = (ROOT / "experiments" / "zemgale-2035" / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    assert [row[1].strip(" `") for row in rows] == [policy.id for policy in default.policies]
    for row, policy in zip(rows[1:-1], default.policies[1:-1], strict=True):
        assert re.findall(r"`([a-z0-9-]+)`", row[2]) == [m.name for m in policy.measures]
        assert len(row[4]) > 30


def test_the_experiment_on_buses_asks_for_each_lever_of_lines_and_says_what_it_expects() -> None:
    folder = ROOT / "experiments" / "zemgale-bus"
    found = load_experiment(folder)
    levers = {m.lever for policy in found.policies for m in policy.measures}
    assert levers == {"new_line", "new_stop", "closed_stop", "bus_speed", "on_demand_bus"}
    text = (folder / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    assert [row[1].strip(" `") for row in rows] == [policy.id for policy in found.policies]
    assert all(len(row[3]) > 30 for row in rows[1:-1])


def test_every_policy_holds_on_the_pack_and_changes_something(default: Experiment, base: PolicyRegion) -> None:
    years = (2024, 2028, 2035)
    plain = {year: conditions(base, [], year) for year in years}
    for policy in default.policies:
        changed = {year for year in years if conditions(base, policy.measures, year) != plain[year]}
        assert 2024 not in changed
        assert bool(changed) == (policy.id != BASELINE), policy.id


def test_a_policy_without_measures_is_the_base_on_the_pack(base: PolicyRegion) -> None:
    assert conditions(base, [], 2030).digest() == conditions(base.region, [], 2030).digest()


def test_an_experiment_is_the_same_after_its_manifest(default: Experiment) -> None:
    again = Experiment.from_resolved(json.loads(json.dumps(default.resolved())))
    assert again == default
    assert again.digest() == default.digest()


@given(st.sets(st.integers(0, len(MEASURES) - 1), max_size=4), st.integers(1, 9), st.integers(1, 100))
def test_any_experiment_is_the_same_after_its_manifest(chosen: set[int], seeds: int, rounds: int) -> None:
    document = experiment(*map(measure, sorted(chosen)))
    document["experiment"].update(seeds=seeds, day_iterations=rounds)
    settings = check(parse_document(Writer(document).text), ExperimentFile)
    own = tuple(m for m in settings.policy[1].measure)
    plain = [m.model_dump(mode="json", exclude_none=True) for m in own]
    resolved = {
        **settings.experiment.model_dump(mode="json"),
        "behaviour": {},
        "policies": [{"id": "baseline", "title": {"lv": "a", "en": "b"}, "measures": plain}],
    }
    found = Experiment.from_resolved(json.loads(json.dumps(resolved)))
    assert found.policies[0].measures == own
    assert Experiment.from_resolved(json.loads(json.dumps(found.resolved()))).digest() == found.digest()


def test_what_the_command_line_may_change(default: Experiment) -> None:
    found = default.with_settings(seeds=2, region="/somewhere/pack", policies=["baseline", "parking"])
    assert (found.seeds, found.region, found.region_name) == ((1, 2), "/somewhere/pack", "pack")
    assert [policy.id for policy in found.policies] == ["baseline", "parking"]
    assert default.with_settings() == default
    for bad in ({"seeds": 0}, {"seeds": (1, 1)}, {"seeds": 1001}):
        with pytest.raises(UsageError):
            default.with_settings(**bad)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="did you mean “parking”"):
        default.policy("parkin")


def test_the_schema_describes_every_key() -> None:
    schema = experiment_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    for name, about in schema["$defs"].items():
        assert about["additionalProperties"] is False, name
        for key, node in about["properties"].items():
            assert node.get("description") or "$ref" in node, (name, key)
    assert set(schema["$defs"]["PolicyTable"]["properties"]["measure"]["items"]["discriminator"]["mapping"]) == set(
        LEVERS
    )


def test_schedules_are_steps() -> None:
    steps = Schedule(((2026, 1.0), (2030, 5.0)))
    assert [steps.at(year) for year in (2025, 2026, 2029, 2030, 2050)] == [0.0, 1.0, 1.0, 5.0, 5.0]
    assert steps.at(2025, before=9.0) == 9.0
    assert steps.plain() == {"2026": 1.0, "2030": 5.0}
    assert Schedule(((2000, 2.0),)).plain() == 2.0
    assert hash(steps) == hash(Schedule(((2026, 1.0), (2030, 5.0))))


@given(st.dictionaries(st.integers(2000, 2100), st.floats(0, 10), min_size=1, max_size=6))
def test_schedules_do_not_depend_on_the_order_in_the_file(steps: dict[int, float]) -> None:
    adapter: TypeAdapter[Schedule] = TypeAdapter(Annotated[Schedule, Steps(0, 10)])
    table = {str(year): value for year, value in steps.items()}
    found = adapter.validate_python(table)
    assert found == adapter.validate_python(dict(reversed(list(table.items()))))
    assert all(found.at(year) == value for year, value in steps.items())
    assert adapter.validate_python(found.plain()).steps == found.steps
    with pytest.raises(ValidationError):
        adapter.validate_python({"1999": 1})
