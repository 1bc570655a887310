"""Back-test files: every fault is one message with file, line and the nearest name; the cases of the repository."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.backtest.conftest import SHARES, Write
from zemsim.calibrate.backtest.cases import own_cases, read_case, read_cases
from zemsim.calibrate.backtest.settings import case_schema
from zemsim.core.errors import InputError

NONE = 'kind = "none"'
FARE = ('kind = "none"', 'kind = "fare"\nbefore_eur = 1.0\nafter_eur = 0.5')
GRANT = ('kind = "none"', 'kind = "purchase_grant"\nafter_new_eur = 4000')

FAULTS = {
    "an unknown key": ([('id = "small"', 'id = "small"\nuze = 1')], "case.uze", "use"),
    "an unknown table": ([("[place]", "[plase]\nx = 1\n[place]")], "plase", "place"),
    "an unknown kind": ([(NONE, 'kind = "fares"')], "change", "fare"),
    "a key of another kind": ([(NONE, f"{NONE}\nbefore_eur = 1")], "change.before_eur", ""),
    "no band": ([("band = { low = 0, high = 1e12 }\n", "")], "effect[1].band", ""),
    "a band that falls": ([("low = 0, high = 1e12", "low = 2, high = 1")], "effect[1].band.high", "below low"),
    "nothing observed": (
        [("observed = { central = 1 }", "observed = { }")],
        "effect[1].observed",
        "low, central or high",
    ),
    "observed that falls": ([("{ central = 1 }", "{ low = 3, central = 1 }")], "effect[1].observed", "rise"),
    "an unknown type of place": ([("small_town", "small_twon")], "place.type", "small_town"),
    "an unknown figure": ([("bev_stock_share", "bev_stok_share")], "place.figures.bev_stok_share", "bev_stock_share"),
    "a figure out of range": ([("value = 0.1", "value = 7")], "place.figures.bev_stock_share.value", "0 to 0.5"),
    "a figure without a source": ([(', source = "made up" }', " }")], "bev_stock_share.source", ""),
    "a figure without a grade": ([('grade = "assumption", ', "")], "bev_stock_share.grade", ""),
    "a figure that the change states": (
        [(NONE, 'kind = "peers"\nbefore_stock_share = 0.1\nafter_stock_share = 0.2')],
        "place.figures.bev_stock_share",
        "leave it out",
    ),
    "a price that no region has": (
        [("[change]", '[base.prices]\npetrol_eur = { value = 1, grade = "memory", source = "-" }\n[change]')],
        "base.prices.petrol_eur",
        "petrol_eur_l",
    ),
    "shares that do not sum to 1": (
        [("[change]", SHARES.replace("0.44", "0.54") + "[change]")],
        "mode_share",
        "sum to 1",
    ),
    "a share of nothing": (
        [
            (
                "[change]",
                SHARES.replace("0.44", "0.52").replace("value = 0.08, grade", "value = 0.0, grade", 1) + "[change]",
            )
        ],
        "mode_share",
        "above 0",
    ),
    "an elasticity to nothing free": (
        [(FARE[0], FARE[1].replace("0.5", "0.0")), ('form = "level"', 'form = "elasticity"')],
        "effect[1].form",
        "above 0",
    ),
    "an elasticity without a change": ([('form = "level"', 'form = "elasticity"')], "effect[1].form", "above 0"),
    "a difference without a change": ([('form = "level"', 'form = "relative"')], "effect[1].form", "level"),
    "points of what is no share": ([FARE, ('form = "level"', 'form = "points"')], "effect[1].form", "no share"),
    "a share of which mode": ([('of = "trips"', 'of = "mode_share"')], "effect[1].mode", "which mode"),
    "a filter without meaning": ([('of = "trips"', 'of = "trips"\nat = "home"')], "effect[1].at", "mode, purpose, who"),
    "an unknown powertrain": ([('of = "trips"', 'of = "sales"\npowertrain = "bew"')], "effect[1].powertrain", "bev"),
    "borrowers of nothing": ([('of = "trips"', 'of = "trips"\nwho = "borrowers"')], "effect[1].who", "ebike_loan"),
    "grants without one": ([('of = "trips"', 'of = "grant_recipients"')], "effect[1].of", "purchase_grant"),
    "what a grant adds as a difference": (
        [GRANT, ('of = "trips"', 'of = "grant_additional_share"'), ('form = "level"', 'form = "relative"')],
        "effect[1].form",
        "level",
    ),
    "days without meaning": ([('of = "trips"', 'of = "range"\nday = "weekday"')], "effect[1].day", "none"),
    "too many residents for the type": ([("residents = 4_000", "residents = 9_000_000")], "place.residents", "2,500"),
    "settlements of more than all": (
        [
            (
                "[place.figures]",
                '[place.figures]\ncentre_share = { value = 0.9, grade = "memory", source = "-" }\n'
                'towns_share = { value = 0.2, grade = "memory", source = "-" }',
            )
        ],
        "place.figures.centre_share",
        "more than 1 together",
    ),
    "a short run of years": ([('horizon = "short"', 'horizon = "short"\nyears = 3')], "case.years", "one year"),
    "fewer points": (
        [(NONE, 'kind = "chargers"\nspeed = "fast"\nbefore_points_1000 = 2\nafter_points_1000 = 1')],
        "after_points_1000",
        "below before_points_1000",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_message_with_its_place(name: str, write: Write) -> None:
    changes, key, hint = FAULTS[name]
    file = write(*changes)
    with pytest.raises(InputError) as caught:
        read_case(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:")
    assert message.split(":")[1].isdigit()
    assert key in message
    assert hint in message


def test_the_small_case_is_in_order(write: Write) -> None:
    assert read_case(write()).case.id == "small"


def test_two_cases_of_one_id_are_refused(write: Write) -> None:
    with pytest.raises(InputError, match="two back-tests have the id “small”"):
        read_cases([write(), write(name="other.toml")])


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "is empty"), ('[model]\ntitle = "-"\n', "a file of another kind: it has model")],
    ids=["empty", "another kind"],
)
def test_a_file_without_anything_of_a_case_is_one_fault(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told) as caught:
        read_case(file)
    assert str(caught.value) == f"{file}:1: is {told.removeprefix('is ')} - it must have case, place, change, effect"


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_case(tmp_path / "none.toml")


def test_the_schema_names_every_kind_of_change() -> None:
    text = str(case_schema())
    for kind in ("fare", "frequency", "fuel_price", "parking_price", "cordon_price", "purchase_grant", "ebike_grant",
                 "ebike_loan", "chargers", "low_emission_zone", "peers", "temperature", "none"):  # fmt: skip
        assert f"'{kind}'" in text


#: Bands and observed values of the cases, with the words of their sources: Estonia's audit of 2021 (B02), Fridstrøm and
#: Østli 2021 (B11), the consultation of KEM of 2026 (B15), Bell 1976 (B25), TØI (B28), NAF (B30);
#: Fyhri and Fearnley 2015 (0.9 to 1.4 trips and 4.8 to 10.3 km a day), Eliasson 2009, Cats and others 2014 and 2017.
PUBLISHED = [
    ("b02", 0, (15, None, 33), (12, 40), "National Audit Office of Estonia"),
    ("b02", 1, (None, 0, None), (-2, 2), "National Audit Office of Estonia"),
    ("b11", 0, (None, -1.27, None), (-1.7, -1.0), "Fridstrøm and Østli 2021"),
    ("b11-cross", 0, (0.36, None, 0.48), (0.3, 0.6), "Fridstrøm and Østli 2021"),
    ("b15", 0, (None, 6400, None), (5000, 7500), "ministry KEM"),
    ("b15", 1, (0.12, None, 0.40), (0.12, 0.40), "price coefficient"),
    ("b25", 0, (0.5, None, 0.75), (0.35, 0.80), "Berrebi, Joshi and Watkins 2021"),
    ("b25-15-min", 0, (None, 0.75, None), (0.35, 0.80), "Bell 1976"),
    ("b25-10-min", 0, (None, 0.5, None), (0.35, 0.80), "Bell 1976"),
    ("b28", 0, (None, 4.4, None), (3.5, 6.0), "TØI"),
    ("b28", 1, (None, 1.1, None), (0.5, 2.0), "TØI"),
    ("b28", 2, (0.65, None, 0.92), (0.65, 0.92), "TØI"),
    ("b30", 0, (-36, -24, -16), (-40, -15), "NAF"),
    ("oslo-ebike-loan", 0, (None, 56, None), (25, 90), "Fyhri and Fearnley 2015"),
    ("oslo-ebike-loan", 1, (None, 115, None), (50, 180), "Fyhri and Fearnley 2015"),
    ("stockholm-cordon", 0, (-22, None, -20), (-30, -12), "Börjesson, Eliasson, Hugosson and Brundell-Freij 2012"),
    ("stockholm-cordon", 1, (None, 5, None), (1, 9), "Eliasson 2009"),
    ("tallinn-free-fare", 0, (1.2, None, 14), (0.5, 14), "Cats, Reimal and Susilo 2014"),
]


@pytest.mark.parametrize(("case", "effect", "observed", "band", "source"), PUBLISHED)
def test_cases_state_what_their_sources_say(
    case: str, effect: int, observed: tuple[float, ...], band: tuple[float, ...], source: str
) -> None:
    found = {file.stem: file for file in own_cases()}
    stated = read_case(found[case]).effect[effect]
    assert (stated.observed.low, stated.observed.central, stated.observed.high) == observed
    assert (stated.band.low, stated.band.high) == band
    assert source in stated.source


def test_every_case_of_the_repository_is_in_order() -> None:
    cases = read_cases(own_cases())
    assert {"b02", "b11", "b15", "b25", "b28", "b30"} <= {case.case.id for case in cases}
    assert [case.case.id for case in cases] == [file.stem for file in own_cases()]


def test_figures_of_places_have_range_and_reason() -> None:
    import zemsim.calibrate.backtest.place as module

    path = Path(module.__file__).with_name("places.csv")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"]), row
        assert "" not in (row["unit"], row["reason"]), row
        assert row["grade"] in ("reported", "derived", "memory", "assumption"), row
    types = module.place_types()
    assert {"rural_county", "small_town", "city", "metropolis", "suburb", "country"} == set(types)
    assert len({frozenset(figures) for figures in types.values()}) == 1
