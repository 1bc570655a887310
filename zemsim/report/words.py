"""The words of the page in Latvian and English, from data files; and how each indicator is named and shown."""

from __future__ import annotations

import string
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from zemsim.core import numbers
from zemsim.core.numbers import LANGUAGES

Catalogue = dict[str, dict[str, str]]


@cache
def catalogue(name: str = "page") -> Catalogue:
    """Read ``words/NAME.toml``: ``[key]`` with ``lv`` and ``en``."""
    text = (files("zemsim.report") / "words" / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def placeholders(text: str) -> set[str]:
    """Return the names in braces in ``text``."""
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@dataclass(frozen=True)
class Words:
    """The words of one language. ``words("key", name=value)`` fills the placeholders."""

    language: str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {self.language!r}")

    def __call__(self, key: str, /, **values: object) -> str:
        return catalogue()[key][self.language].format(**values)

    def or_own(self, key: str, own: str) -> str:
        """Return the words of ``key``, or ``own`` where the catalogue has none (a name from a data file)."""
        entry = catalogue().get(key)
        return entry[self.language] if entry else own


@dataclass(frozen=True)
class Indicator:
    """How an indicator is shown.

    Attributes
    ----------
    key : str
        Its name in the run folder.
    title, unit, meaning, diff_unit : dict of str
        By language; ``unit`` is the unit shown, after multiplication by ``factor``.
    factor : float
        From the unit of the run folder to the unit shown.
    decimals : int
    better : str
        ``lower``, ``higher`` or empty.
    short, short_unit : dict of str
        Title and unit where there is little room (the terminal).
    difference_only : bool
        The value alone has no meaning.
    """

    key: str
    title: dict[str, str]
    unit: dict[str, str]
    diff_unit: dict[str, str]
    meaning: dict[str, str]
    factor: float
    decimals: int
    better: str
    short: dict[str, str]
    short_unit: dict[str, str]
    difference_only: bool

    def value(self, value: float | None, language: str, *, unit: bool = False) -> str:
        """Write a value, with its unit on demand."""
        text = numbers.number(None if value is None else value * self.factor, self.decimals, language)
        return numbers.with_unit(text, self.unit[language], language) if unit else text

    def change(self, value: float | None, language: str, *, unit: bool = False) -> str:
        """Write a difference with its sign, with its unit on demand."""
        text = numbers.change(None if value is None else value * self.factor, self.decimals, language)
        return numbers.with_unit(text, self.diff_unit[language], language) if unit else text


@cache
def indicator(key: str) -> Indicator:
    """Return how the indicator ``key`` is shown; KeyError if the catalogue lacks it."""
    row = tomllib.loads((files("zemsim.report") / "words" / "indicators.toml").read_text(encoding="utf-8"))[key]
    unit = {language: str(row[f"unit_{language}"]) for language in LANGUAGES}
    return Indicator(
        key=key,
        title={language: str(row[language]) for language in LANGUAGES},
        unit=unit,
        diff_unit={language: str(row.get(f"diff_unit_{language}", unit[language])) for language in LANGUAGES},
        meaning={language: str(row[f"meaning_{language}"]) for language in LANGUAGES},
        factor=float(row["factor"]),
        decimals=int(row["decimals"]),
        better=str(row["better"]),
        difference_only=bool(row.get("difference_only", False)),
        short={language: str(row.get(f"short_{language}", row[language])) for language in LANGUAGES},
        short_unit={language: str(row.get(f"short_unit_{language}", unit[language])) for language in LANGUAGES},
    )
