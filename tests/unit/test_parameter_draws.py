"""Parameters that seeds draw: which row a seed takes, what a file may hold, and that only the seeds' own rows count."""

from __future__ import annotations

import csv
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

import zemsim
from tests.unit.model import small_world as small
from zemsim.behaviour.draws import FILES, POSTERIOR, SHARED, Draws, read_draws
from zemsim.behaviour.parameters import load_parameters
from zemsim.calibrate.sampling import sampled
from zemsim.cli import cli
from zemsim.core.errors import InputError, InputErrors, UsageError
from zemsim.core.schema import check_table, conform
from zemsim.experiment.experiment import Experiment
from zemsim.experiment.shared_tables import draws_table
from zemsim.model.model import MobilityModel
from zemsim.travel.active import ActiveRules

if TYPE_CHECKING:
    from zemsim.population import Population
    from zemsim.region import Region

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "end_to_end" / "small.toml"


def written(tmp_path: Path, text: str, name: str = "sets.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def experiment_with(tmp_path: Path, key: str, seeds: str = "seeds   = 2", behaviour: str = "") -> Path:
    text = SMALL.read_text(encoding="utf-8").replace("seeds   = 1", f"{seeds}\n{key}")
    return written(tmp_path, text.replace("[[policy]]", behaviour + "[[policy]]", 1), "experiment.toml")


@pytest.mark.parametrize("name", FILES)
def test_the_posteriors_of_the_package_are_those_of_calibration(name: str) -> None:
    shipped = ROOT / "zemsim" / "behaviour" / "posterior" / name
    assert shipped.read_bytes() == (ROOT / "calibration" / "posterior" / name).read_bytes()
    assert {path.name for path in shipped.parent.glob("*")} == set(FILES)


def test_a_seed_takes_the_row_of_its_number_from_every_file() -> None:
    draws = read_draws([POSTERIOR])
    rows = {}
    for name in FILES:
        with (ROOT / "calibration" / "posterior" / name).open(encoding="utf-8") as handle:
            rows[name] = list(csv.DictReader(handle))
    for seed in (1, 7, 200):
        wanted = {symbol: float(cell) for name in FILES for symbol, cell in rows[name][seed - 1].items()}
        assert draws.of_seed(seed) == wanted
    assert [file.name for file in draws.files] == [f"posterior/{name}" for name in FILES]
    assert {file.rows for file in draws.files} == {200}
    with pytest.raises(InputError, match="has 200 rows: none for seed 201"):
        draws.of_seed(201)


def test_rows_of_the_two_posteriors_go_together_by_chance_only() -> None:
    """|r| of 200 independent pairs is above 0.35 once in 1e6 (normal, 5 sd of 1 / sqrt(200))."""
    draws = read_draws([POSTERIOR])
    table = np.array(list(draws.sets.values()))
    ebike = np.array(["eb" in symbol for symbol in draws.symbols])
    assert ebike.sum() == 3
    assert np.abs(np.corrcoef(table.T)[np.ix_(ebike, ~ebike)]).max() < 0.35


def test_what_all_seeds_share_is_what_active_ways_read() -> None:
    read: list[str] = []

    class Asked:
        def __getitem__(self, symbol: str) -> float:
            read.append(symbol)
            return 1.0

    ActiveRules.of(Asked())
    assert sorted(read) == sorted(SHARED)
    assert len(read) == len(fields(ActiveRules))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("b_prise\n-0.04\n", "sets.csv:1: column 1: there is no parameter “b_prise” - did you mean “b_price”"),
        ("b_price,b_price\n-0.04,-0.04\n", "column 2: “b_price” is there twice"),
        ("b_price\n-0.04\n-5\n", "sets.csv:3: row 2, b_price: must lie from -0.09 to -0.035 utils/kEUR, got -5"),
        ("b_price\nnan\n", "row 1, b_price: must be a number, got “nan”"),
        ("b_price\ndear\n", "row 1, b_price: must be a number, got “dear”"),
        ("b_price,b_peer\n-0.04\n", "sets.csv:2: row 1 has 1 values for 2 parameters"),
        ("eta_vot_gdp\n0.9\n", "row 1, eta_vot_gdp: no part of the model reads it yet"),
        ("v_walk\n4.5\n", "“v_walk” is the same for all seeds and cannot be drawn"),
        ("lam_car_purchase,lam_car_age\n0.9,0.8\n", "sets.csv, row 1: parameter lam_car_purchase: must not be above"),
        ("b_price\n", "has no sets"),
        ("", "has no sets"),
        ('b_price\n"-0.04\n', "is not CSV"),
    ],
)
def test_a_fault_names_file_row_and_parameter(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_draws([written(tmp_path, text)])
    assert message in str(caught.value)
    assert "sets.csv" in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file of draws"):
        read_draws([tmp_path / "none.csv"])
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"b_price\n\xff\xfe\n")
    with pytest.raises(InputError, match=r"b.csv:2: is not UTF-8 text"):
        read_draws([binary])
    with pytest.raises(InputError, match="cannot be read"):
        read_draws([tmp_path])


def test_nothing_is_drawn_twice_or_beside_behaviour(tmp_path: Path) -> None:
    own = written(tmp_path, "b_price\n-0.04\n")
    with pytest.raises(InputError, match=r"“b_price” is drawn here and set by posterior/ev_posterior.csv too"):
        read_draws([POSTERIOR, own])
    with pytest.raises(InputError, match=r"“b_price” is drawn here and set by \[behaviour\] too"):
        read_draws([own], {"b_price": -0.05})
    assert read_draws([own], {"b_peer": 1.0}).of_seed(1) == {"b_price": -0.04}


def test_the_shortest_file_ends_the_list(tmp_path: Path) -> None:
    one, two = written(tmp_path, "b_price\n-0.04\n-0.05\n"), written(tmp_path, "b_peer\n1\n2\n3\n", "long.csv")
    draws = read_draws([one, two])
    assert draws.of_seed(2) == {"b_price": -0.05, "b_peer": 2.0}
    assert draws.fault([1, 2]) is None
    assert "sets.csv has 2 rows: none for seed 3, 4, 5 and 1 more" in str(draws.fault([2, 3, 4, 5, 6]))


def test_an_experiment_says_what_it_drew_and_can_be_made_anew(tmp_path: Path) -> None:
    plain = zemsim.load_experiment(SMALL).with_settings(seeds=2)
    found = zemsim.load_experiment(experiment_with(tmp_path, 'behaviour_draws = "posterior"'))
    assert "behaviour_draws" not in plain.resolved()
    assert found.digest() != plain.digest()
    assert replace(found, draws=None).digest() == plain.digest()
    told = json.loads(json.dumps(found.resolved()))
    assert list(told["behaviour_draws"]["seeds"]) == ["1", "2"]
    assert told["behaviour_draws"]["seeds"]["2"] == {"row": 2, "values": read_draws([POSTERIOR]).of_seed(2)}
    again = Experiment.from_resolved(told)
    assert again.digest() == found.digest()
    assert again.draws is not None
    assert again.draws.of_seed(2) == read_draws([POSTERIOR]).of_seed(2)
    assert found.with_settings(seeds=[2]).resolved()["behaviour_draws"]["seeds"].keys() == {"2"}


def test_a_file_below_the_experiment_or_on_the_command_line(tmp_path: Path) -> None:
    written(tmp_path, "b_price\n-0.04\n-0.05\n")
    found = zemsim.load_experiment(experiment_with(tmp_path, 'behaviour_draws = ["sets.csv"]'))
    assert found.draws is not None
    assert found.draws.of_seed(2) == {"b_price": -0.05}
    other = zemsim.load_experiment(SMALL).with_settings(draws=[tmp_path / "sets.csv"])
    assert other.resolved()["behaviour_draws"]["seeds"] == {"1": {"row": 1, "values": {"b_price": -0.04}}}
    with pytest.raises(UsageError, match=r"sets\.csv has 2 rows: none for seed 3"):
        found.with_settings(seeds=3)


@pytest.mark.parametrize(
    ("key", "seeds", "behaviour", "message"),
    [
        ('behaviour_draws = "posterior"', "seeds   = [4, 201]", "", ":10: experiment.seeds: seed s takes row s"),
        ('behaviour_draws = "../sets.csv"', "seeds   = 1", "", "must be “posterior”, or a file below"),
        (
            'behaviour_draws = "/etc/sets.csv"',
            "seeds   = 1",
            "",
            "a file anywhere else can be given on the command line",
        ),
        ('behaviour_draws = "none.csv"', "seeds   = 1", "", "no such file of draws"),
        ("behaviour_draws = 5", "seeds   = 1", "", "experiment.behaviour_draws"),
        ('behaviour_draws = "posterior"', "seeds   = 1", "[behaviour]\nb_price = -0.05\n", "set by [behaviour] too"),
    ],
)
def test_validate_says_what_is_wrong(tmp_path: Path, key: str, seeds: str, behaviour: str, message: str) -> None:
    result = CliRunner().invoke(cli, ["validate", str(experiment_with(tmp_path, key, seeds, behaviour))])
    assert result.exit_code == 65, result.output
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    written(tmp_path, "b_price\n-0.04\n")
    (tmp_path / "in" / "sets.csv").symlink_to(tmp_path / "sets.csv")
    with pytest.raises((InputError, InputErrors), match="leads out of the experiment's folder"):
        zemsim.load_experiment(experiment_with(tmp_path / "in", 'behaviour_draws = "sets.csv"', "seeds = 1"))


def test_the_command_line_takes_files() -> None:
    refused = CliRunner().invoke(cli, ["run", str(SMALL), "--draws", "none.csv"])
    assert refused.exit_code == 65
    assert "none.csv: no such file of draws" in refused.stderr


def test_the_table_of_a_run() -> None:
    found = replace(zemsim.load_experiment(SMALL), draws=read_draws([POSTERIOR])).with_settings(seeds=[3, 5])
    usual = load_parameters()
    table = conform(draws_table(found, usual)["draws"], "draws")
    check_table(table, "draws")
    assert len(table) == 18
    row = table[(table["seed"] == 5) & (table["symbol"] == "b_peer")].iloc[0]
    assert (row["row"], row["value"], row["usual"]) == (
        5,
        read_draws([POSTERIOR]).of_seed(5)["b_peer"],
        usual["b_peer"],
    )
    assert draws_table(replace(found, draws=None), usual) == {}


def drawn(values: dict[str, tuple[float, ...]]) -> Draws:
    return Draws((), tuple(values), dict(enumerate(zip(*values.values(), strict=True), 1)))


def test_a_model_lives_by_the_row_of_its_seed_under_every_policy(
    zemgale: Region, zemgale_population: Population
) -> None:
    """Drawing a value gives the very cars that setting it gives, and other cars than the usual value."""
    short = {"years": (2024, 2025), "days_in": (2024,), "day_iterations": 1, "first_iterations": 0}
    world = small.with_settings(small.small_world(zemgale, zemgale_population), **short)
    with_draws = replace(world, draws=drawn({"b_nohome": (-2.0, -0.4), "p_bev_used": (22000.0, 12000.0)}))
    values = {"b_nohome": -0.4, "p_bev_used": 12000.0}
    fixed = replace(world, parameters=world.parameters.with_values(values))
    assert world.of_seed(2) is world

    def vehicles(of: object) -> object:
        model = MobilityModel(of, 2)  # type: ignore[arg-type]
        try:
            for policy, measures in (("baseline", ()), ("half", small.measures(small.HALF_FARES))):
                model.start(policy, measures)
                assert {symbol: model.parameters[symbol] for symbol in values} == (
                    values if of is not world else {symbol: world.parameters[symbol] for symbol in values}
                )
            return model.run()["vehicles"]
        finally:
            model.close()

    by_draw, by_value, usual = vehicles(with_draws), vehicles(fixed), vehicles(world)
    assert by_draw.equals(by_value)  # type: ignore[attr-defined]
    assert not by_draw.equals(usual)  # type: ignore[attr-defined]


def test_a_sample_is_of_one_seed(zemgale: Region, zemgale_population: Population) -> None:
    world = replace(small.small_world(zemgale, zemgale_population), draws=drawn({"peak_hour_share": (0.3, 0.4)}))
    with pytest.raises(UsageError, match="world of one seed"):
        sampled(world, 0.5)
    assert sampled(world.of_seed(2), 0.5).parameters["peak_hour_share"] == 0.8
