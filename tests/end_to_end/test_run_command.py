"""``zemsim run`` from another folder: what it prints, what it leaves, and the commands that read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from tests.conftest import SmallRun
from zemsim.cli import cli
from zemsim.core.names import Alternative, DayType, Mode, Season
from zemsim.experiment.run_folder import open_run

if TYPE_CHECKING:
    from zemsim.population import Population

pytestmark = pytest.mark.slow


def command(*args: str) -> Result:
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output
    return result


def test_the_run_ends_well_and_says_so(small_run: SmallRun) -> None:
    assert small_run.code == 0, small_run.stderr
    assert "Traceback" not in small_run.stderr
    assert "Warning" not in small_run.stderr
    for words in ("Bez pasākumiem", "Dārga degviela", "report/index.html"):
        assert words in small_run.stdout.replace("\\", "/")


def test_everybody_of_the_region_is_in_the_run(small_run: SmallRun, zemgale_population: Population) -> None:
    run = open_run(small_run.folder)
    assert (small_run.folder / "DONE").is_file()
    assert list(run.policies) == ["baseline", "dear-fuel"]
    assert len(run.tables("persons", seed=1)) == len(zemgale_population.residents)
    trips = run.tables("trips", "baseline", 1)
    assert len(trips) == len(trips[["season", "day_type", "tour_idx"]].drop_duplicates())
    assert set(trips["mode"]) == {int(mode) for mode in Mode}


def test_tours_that_no_day_could_hold_are_counted(small_run: SmallRun) -> None:
    (check,) = [v for v in open_run(small_run.folder).verdicts if v["check"] == "tours-fit-the-day"]
    assert (check["seed"], check["value"], check["passed"]) == (1, 0.0, True)
    assert check["text"]["en"] == "Tours left off because no day could hold them: 0; none is fine"


def test_dear_fuel_moves_drivers_to_other_modes(small_run: SmallRun) -> None:
    rows = json.loads(command("compare", str(small_run.folder), "--place", "region", "--json").stdout)["rows"]
    diff = {(row["indicator"], row["group"]): row["diff"] for row in rows if row["policy"] == "dear-fuel"}
    assert diff["car_km_year", "all"] < 0
    assert diff["mode_share", "bus"] > 0


def test_the_page_again_in_one_language(small_run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = tmp_path_factory.mktemp("page") / "lv.html"
    command("report", str(small_run.folder), "--out", str(page), "--language", "lv")
    assert page.stat().st_size < (small_run.folder / "report" / "index.html").stat().st_size


def test_explain_tells_what_the_run_holds(small_run: SmallRun) -> None:
    """The choices that explain repeats, of the first season's weekday, are those of the trips table, tour by tour."""
    run = open_run(small_run.folder)
    tours, trips = run.tables("tours", seed=1), run.tables("trips", "baseline", 1)
    resident = int(tours["resident_idx"].value_counts().index[0])
    theirs = tours["resident_idx"].to_numpy()[trips["tour_idx"]] == resident
    own = trips[theirs & (trips["season"] == Season.WINTER) & (trips["day_type"] == DayType.WEEKDAY)]
    number = str(run.tables("persons", seed=1)["resident_id"][resident])
    days = json.loads(command("explain", str(small_run.folder), "--resident", number, "--json").stdout)["rows"]
    told = [tour["choice"] for day in days for tour in day["tours"]]
    assert len(told) == len(own) > 1
    written = [Mode(mode) for mode in own["mode"]]
    nobody = CliRunner().invoke(cli, ["explain", str(small_run.folder), "--resident", "-1"])
    assert nobody.exit_code == 65
    assert "the run has no resident -1 - the nearest number is" in nobody.stderr
    assert [name == Alternative.DRIVER.name.lower() for name in told] == [m in (Mode.CAR, Mode.EV) for m in written]
