"""Every fault of a survey or a model file is one message: what, where, what is allowed, the nearest name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.calibrate.surveys import MODEL, NEST, lines, survey, wide, wide_model, write
from zemsim.calibrate.logit.estimation import estimate
from zemsim.calibrate.logit.specification import load_specification
from zemsim.core.errors import InputError, InputErrors

SMALL = survey(30, seed=1)
WORD = "[data]\n"


def fault(folder: Path, table: pd.DataFrame | str, model: str = MODEL) -> str:
    """The message of the only fault."""
    with pytest.raises((InputError, InputErrors)) as caught:
        estimate(*write(folder, table, model))
    text = str(caught.value)
    assert "\n" not in text, text
    return text


def changed(row: int, column: str, value: object) -> pd.DataFrame:
    """The small survey with one cell changed."""
    table = SMALL.astype(object)
    table.loc[row, column] = value
    return table


def chosen_row(case: int) -> int:
    return int(SMALL.index[(SMALL["case"] == case) & (SMALL["chosen"] == 1)][0])


def other_row(case: int) -> int:
    free = (SMALL["case"] == case) & (SMALL["chosen"] == 0) & (SMALL["available"] == 1)
    return int(SMALL.index[free][0])


def test_the_small_survey_is_sound(tmp_path: Path) -> None:
    assert estimate(*write(tmp_path, SMALL, MODEL)).choices.n == 30


@pytest.mark.parametrize(
    ("column", "row", "value", "words"),
    [
        ("chosen", chosen_row(3), 0, "survey.csv:10: case “3” has no chosen alternative: 1 of 30 cases"),
        ("chosen", other_row(3), 1, "survey.csv:10: case “3” has more than one choice: 1 of 30 cases"),
        ("chosen", 5, 2, "survey.csv:7: column chosen: must be 1 or 0"),
        ("chosen", 5, "", "survey.csv:7: column chosen: must be 1 or 0"),
        ("available", 5, "yes", "survey.csv:7: column available: “yes” is no number - a yes or no where a number"),
        ("available", chosen_row(4), 0, "the chosen alternative was not available"),
        (
            "mode",
            5,
            "bsu",
            "survey.csv:7: column mode: unknown alternative “bsu” - did you mean “bus”?; data.leave_out",
        ),
        ("mode", 5, "", "survey.csv:7: column mode: no alternative is written"),
        ("mode", 5, "walk", "survey.csv:7: an alternative of a case occurs twice"),
        ("case", 5, "", "survey.csv:7: column case: no case is written"),
        (
            "time_min",
            chosen_row(2),
            "",
            "column time_min is blank or not finite where coefficient b_time needs it, for",
        ),
        ("time_min", 5, "12,5", "column time_min: “12,5” is no number - decimal comma; write a point"),
        ("time_min", 5, "inf", "column time_min: “inf” is no number - must be a number, and finite"),
        ("cost_eur", 5, "1e999", "column cost_eur: “1e999” is no number"),
        (
            "cost_eur",
            chosen_row(2),
            "1e200",
            "column cost_eur is blank or not finite where coefficient b_cost needs it",
        ),
    ],
)
def test_a_cell_that_is_wrong(tmp_path: Path, column: str, row: int, value: object, words: str) -> None:
    table = changed(row, column, value)
    if column == "mode" and value == "walk":
        assert SMALL.loc[row, "case"] == 2
    if column == "time_min" and value == "":
        table["chosen"] = SMALL["chosen"]
    assert words in fault(tmp_path, table)


def test_several_rows_of_a_fault_are_one_message(tmp_path: Path) -> None:
    table = SMALL.assign(chosen=0)
    message = fault(tmp_path, table)
    assert "survey.csv:2: case “1” has no chosen alternative: 30 of 30 cases, lines 2, 6, 10 and 27 more" in message


def test_what_is_not_available_may_be_blank(tmp_path: Path) -> None:
    table = SMALL.assign(time_min=SMALL["time_min"].where(SMALL["available"] == 1))
    a = estimate(*write(tmp_path, table, MODEL)).fit.values
    b = estimate(*write(tmp_path, SMALL, MODEL)).fit.values
    np.testing.assert_array_equal(a, b)


def test_a_row_that_is_missing_is_an_alternative_that_is_not_available(tmp_path: Path) -> None:
    without = MODEL.replace('available = "available"\n', "")
    a = estimate(*write(tmp_path, SMALL[SMALL["available"] == 1], without)).fit.values
    np.testing.assert_array_equal(a, estimate(*write(tmp_path, SMALL, MODEL)).fit.values)


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (lambda t: np.where(t["case"] == 3, 0, 1), "column w: a weight must be greater than 0"),
        (lambda t: np.where(t["case"] == 3, np.nan, 1), "column w: a weight must be greater than 0"),
        (lambda t: np.where(t.index == 5, 2, 1), "column w: differs inside a case"),
    ],
)
def test_weights_that_are_none(tmp_path: Path, weight: object, words: str) -> None:
    model = MODEL.replace(WORD, WORD + 'weight = "w"\n')
    table = SMALL.assign(w=weight)  # type: ignore[arg-type]
    assert words in fault(tmp_path, table, model)


def test_people_that_change_inside_a_case(tmp_path: Path) -> None:
    model = MODEL.replace(WORD, WORD + 'cluster = "who"\n')
    assert "column who: differs inside a case" in fault(tmp_path, SMALL.assign(who=range(len(SMALL))), model)
    blank = SMALL.assign(who=np.where(SMALL["case"] == 2, "", "x"))
    assert "column who: is blank" in fault(tmp_path, blank, model)


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "has a header and no rows" in fault(tmp_path, lines(SMALL.columns))
    assert "row has 2 cells where the header has 6" in fault(tmp_path, lines(SMALL.columns, (1, 2)))
    assert "separated by a semicolon" in fault(tmp_path, "case;mode;chosen\n1;walk;1\n")
    (tmp_path / "survey.csv").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        estimate(tmp_path / "survey.csv", tmp_path / "model.toml")
    with pytest.raises(InputError, match=r"nowhere.csv: no such file"):
        estimate(tmp_path / "nowhere.csv", tmp_path / "model.toml")
    with pytest.raises(InputError, match="is a folder"):
        estimate(tmp_path, tmp_path / "model.toml")


def test_a_text_in_a_parquet_column_is_named(tmp_path: Path) -> None:
    SMALL.assign(cost_eur="much").to_parquet(tmp_path / "survey.parquet")
    (tmp_path / "model.toml").write_text(MODEL, encoding="utf-8")
    with pytest.raises(InputError, match=r"survey.parquet:1: column cost_eur: “much” is no number, rows 1, 2, 3"):
        estimate(tmp_path / "survey.parquet", tmp_path / "model.toml")


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    for key in ("choice", "case", "alternative", "available"):
        value = MODEL.partition(f"\n{key} = ")[2].partition("\n")[0]
        model = MODEL.replace(f"\n{key} = {value}", f'\n{key} = "chosn"')
        assert "survey.csv:1: there is no column “chosn” - did you mean “chosen”?" in fault(tmp_path, SMALL, model)
    message = fault(tmp_path, SMALL, MODEL.replace('column = "time_min"', 'column = "time_mni"'))
    assert "term[4]: there is no column “time_mni” - did you mean “time_min”?" in message


def test_conditions_and_what_is_left_out_are_counted(tmp_path: Path) -> None:
    table = survey(400, seed=2).assign(purpose=lambda t: np.where(t["case"] <= 100, "work", "other"))
    keep = '\n[[data.keep]]\ncolumn = "purpose"\nvalues = ["other"]\n'
    notices = estimate(*write(tmp_path, table, MODEL.replace("\n[alternative]", keep + "\n[alternative]"))).warnings()
    assert "400 × rows do not meet the conditions of data.keep" in notices
    assert "no row meets" in fault(
        tmp_path, table, MODEL.replace("\n[alternative]", keep.replace("other", "x") + "\n[alternative]")
    )
    model = MODEL.replace(WORD, WORD + 'leave_out = ["lift"]\n').replace("lift = {}\n", "")
    model = model.replace('[[term]]\ncoefficient = "asc_lift"\nalternatives = ["lift"]\n', "")
    lifts = int(((table["mode"] == "lift") & (table["chosen"] == 1)).sum())
    run = estimate(*write(tmp_path, table, model))
    assert f"{lifts} × cases chose an alternative that is left out" in run.warnings()
    assert run.choices.n == 400 - lifts


def test_faults_of_a_wide_file(tmp_path: Path) -> None:
    table, model = wide(SMALL), wide_model()
    assert estimate(*write(tmp_path, table, model)).choices.n == 30
    other = table.astype(object)
    other.loc[4, "choice"] = "trian"
    assert "survey.csv:6: column choice: unknown alternative “trian”" in fault(tmp_path, other, model)
    other.loc[4, "choice"] = ""
    assert "survey.csv:6: column choice: no alternative is written" in fault(tmp_path, other, model)
    first = str(table.loc[0, "choice"])
    other = table.assign(**{f"available_{first}": table[f"available_{first}"].where(table.index != 0, 0)})
    assert "survey.csv:2: the chosen alternative was not available" in fault(tmp_path, other, model)
    assert "there is no column “time_min_bsu” - did you mean “time_min_bus”?" in fault(
        tmp_path, table, model.replace('"time_min_bus"', '"time_min_bsu"')
    )
    without = model.replace('columns = { time_min = "time_min_bus", cost_eur = "cost_eur_bus" }\n', "")
    assert "column time_min is blank or not finite where coefficient b_time needs it, for bus" in (
        fault(tmp_path, table, without.replace('[[term]]\ncoefficient = "b_cost"\ncolumn = "cost_eur"\n', ""))
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("layout =", "layuot =", "unknown key “layuot” - did you mean “layout”?"),
        ('layout = "long"', 'layout = "tall"', "data.layout: unknown value “tall” - allowed: long, wide"),
        ('case = "case"\n', "", "data.case: is missing"),
        ('layout = "long"', 'layout = "wide"', "data.case: is for long files"),
        ('coefficient = "b_time"', 'coeficient = "b_time"', "unknown key “coeficient” - did you mean “coefficient”?"),
        ('alternatives = ["bus"]', 'alternatives = ["bsu"]', "there is no alternative “bsu” - did you mean “bus”?"),
        ('alternatives = ["bus"]', 'alternatives = ["bus", "bus"]', "has an alternative twice"),
        ("walk = {}", "walk = { code = 'bus' }", "the file's “bus” is “walk” already"),
        ("walk = {}", "walk = { columns = { a = 'b' } }", "available and columns are for wide files"),
        ('title = "A', 'nest_form = "greene"\ntitle = "A', "model.nest_form: unknown value “greene” - allowed:"),
        ('title = "A', 'nest_form = "not_normalised"\ntitle = "A', "there are no nests"),
    ],
)
def test_a_model_file_that_is_wrong(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in MODEL
    message = fault(tmp_path, SMALL, MODEL.replace(old, new, 1))
    assert words in message
    assert message.startswith(f"{tmp_path / 'model.toml'}:")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[coefficient.b_tmie]\nstart = 1.0\n", "there is no term or nest with “b_tmie” - did you mean “b_time”?"),
        ("[coefficient.b_time]\nstart = 1.0\nfixed = 2.0\n", "is of no use: the coefficient is fixed"),
        ("[coefficient.b_time]\nstart = 1e300\n", "must be at most 1"),
        ("[coefficient.b_time]\nstart = nan\n", "must be a finite number, got nan"),
        (NEST.replace('"lift"]', '"lfit"]'), "there is no alternative “lfit” - did you mean “lift”?"),
        (NEST.replace('["car", "lift"]', '["car"]'), "cannot be estimated: there is one alternative inside"),
        (NEST + NEST.replace('name = "car"', 'name = "b"').replace('["car", "lift"]', '["bus", "lift"]'), "is in nest"),
        (NEST + "[coefficient.lam_car]\nfixed = 1.4\n", "a scale of nests is greater than 0 and at most 1"),
        (NEST + "[coefficient.lam_car]\nstart = -0.5\n", "a scale of nests is greater than 0"),
        (NEST.replace('"lam_car"', '"b_time"'), "“b_time” is a coefficient of a term, too"),
        ('[[column]]\nname = "x"\n', "give exactly one of product, sum, ratio, dummy, power; given: none"),
        ('[[column]]\nname = "x"\nsum = ["a"]\nratio = ["a", "b"]\n', "given: sum and ratio"),
        ('[[column]]\nname = "x"\ndummy = "a"\n', "needs either values, or at_least, at_most or both"),
        ('[[column]]\nname = "x"\ndummy = "a"\nvalues = ["a", 1]\n', "must be texts or numbers, not both"),
        ('[[column]]\nname = "x"\npower = "a"\n', "power and exponent belong together"),
        ('[[column]]\nname = "x"\nsum = ["a"]\nat_most = 1.0\n', "belong to a dummy"),
        ('[[column]]\nname = "x"\nsum = ["y"]\n[[column]]\nname = "y"\nsum = ["cost_eur"]\n', "which is not above it"),
        ('[[column]]\nname = "x"\nsum = ["cost_eru"]\n', "no column “cost_eru” - did you mean “cost_eur”?"),
        ('[[column]]\nname = "case"\nsum = ["cost_eur"]\n', "has the name of a column of the data"),
        ('[[column]]\nname = "x"\nproduct = "cost_eur * 2"\n', "must be a list"),
        ('[[ratio]]\nname = "v"\nnumerator = "b_time"\ndenominator = "b_cots"\n', "did you mean “b_cost”?"),
    ],
)
def test_more_of_a_model_file_that_is_wrong(tmp_path: Path, more: str, words: str) -> None:
    assert words in fault(tmp_path, SMALL, MODEL + more)


def test_all_faults_of_a_model_file_are_told_at_once(tmp_path: Path) -> None:
    text = MODEL.replace('["bus"]', '["bsu"]').replace('["lift"]', '["lfit"]') + "[coefficient.x]\nstart = 1.0\n"
    (tmp_path / "model.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputErrors) as caught:
        load_specification(tmp_path / "model.toml")
    assert len(caught.value) == 3
    assert [error.line for error in caught.value] == sorted(error.line or 0 for error in caught.value)


def test_everything_fixed_leaves_nothing_to_estimate(tmp_path: Path) -> None:
    names = ("asc_bus", "asc_car", "asc_lift", "b_time", "b_cost")
    fixed = "".join(f"[coefficient.{name}]\nfixed = 0.0\n" for name in names)
    assert "nothing is to be estimated" in fault(tmp_path, SMALL, MODEL + fixed)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ('product = ["cost_eur", "time_min"]\nscale = 0.5', lambda t: t["cost_eur"] * t["time_min"] / 2),
        ('sum = ["cost_eur", "time_min"]', lambda t: t["cost_eur"] + t["time_min"]),
        ('ratio = ["cost_eur", "time_min"]', lambda t: t["cost_eur"] / t["time_min"]),
        ('power = "time_min"\nexponent = -0.4\nreference = 10.0', lambda t: (t["time_min"] / 10) ** -0.4),
        ('product = ["time_min"]\nscale = 0.5\ncap = 6.0', lambda t: np.minimum(t["time_min"] / 2, 6)),
        ('dummy = "time_min"\nat_least = 20.0\nat_most = 40.0', lambda t: t["time_min"].between(20, 40).astype(int)),
        ('dummy = "mode"\nvalues = ["bus", "lift"]', lambda t: t["mode"].isin(["bus", "lift"]).astype(int)),
    ],
)
def test_derived_columns_are_those_of_pandas(tmp_path: Path, column: str, expected: object) -> None:
    """The column of the file and the derived one give the same estimates."""
    table = survey(300, seed=4)
    term = '\n[[term]]\ncoefficient = "b_new"\ncolumn = "new"\nalternatives = ["bus", "car"]\n'
    declared = MODEL.replace('[[term]]\ncoefficient = "asc_bus"\nalternatives = ["bus"]\n', "") + term
    one = estimate(*write(tmp_path, table, declared + f'[[column]]\nname = "new"\n{column}\n'))
    other = estimate(*write(tmp_path, table.assign(new=expected), declared))  # type: ignore[arg-type]
    np.testing.assert_allclose(one.fit.values, other.fit.values, rtol=1e-7)


def test_a_ratio_by_zero_matters_only_where_it_is_used(tmp_path: Path) -> None:
    """Walking costs nothing: the ratio is not finite there, and is asked for by bus and car only."""
    table = survey(300, seed=4)
    column = '[[column]]\nname = "speed"\nratio = ["time_min", "cost_eur"]\n'
    term = '\n[[term]]\ncoefficient = "b_new"\ncolumn = "speed"\nalternatives = ["bus", "car"]\n'
    assert estimate(*write(tmp_path, table, MODEL + term + column)).fit.converged
    everywhere = term.replace('alternatives = ["bus", "car"]\n', "")
    message = fault(tmp_path, table, MODEL + everywhere + column)
    assert "column speed is blank or not finite where coefficient b_new needs it, for walk: 300 cases" in message
