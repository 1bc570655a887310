"""How numbers are written, in one place.

Latvian: decimal comma, no-break space between thousands. English: decimal point, comma between thousands. A minus is
U+2212 in both. What is not known is an en dash, never a zero.

The page's script writes numbers by the same rule (``report/templates/page.js``); a browser test compares the two.
"""

from __future__ import annotations

import math
from typing import Final

NBSP: Final = "\u00a0"
MINUS: Final = "\u2212"
UNKNOWN: Final = "–"
LANGUAGES: Final = ("lv", "en")

_MARKS: Final = {"lv": (",", NBSP), "en": (".", ",")}


def is_known(value: object) -> bool:
    """Tell whether ``value`` is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def number(value: float | None, decimals: int = 0, language: str = "lv") -> str:
    """Write ``value`` with ``decimals`` places; unknown (None, NaN, infinite) is an en dash."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    point, thousands = _MARKS[language]
    text = f"{abs(value):,.{decimals}f}".replace(",", "\0").replace(".", point).replace("\0", thousands)
    return (MINUS if value < 0 and round(abs(value), decimals) > 0 else "") + text


def signed(value: float | None, decimals: int = 0, language: str = "lv") -> str:
    """Write ``value`` with its sign; what rounds to zero has none."""
    text = number(value, decimals, language)
    positive = value is not None and math.isfinite(value) and value > 0 and round(value, decimals) > 0
    return f"+{text}" if positive else text


def change(value: float | None, decimals: int = 0, language: str = "lv") -> str:
    """Write a difference with its sign; one that is not zero but rounds to it reads ``+<0,1``."""
    if value is None or not math.isfinite(value) or value == 0 or round(abs(value), decimals) > 0:
        return signed(value, decimals, language)
    least = number(10.0**-decimals, decimals, language)
    return f"{'+' if value > 0 else MINUS}<{least}"


def with_unit(text: str, unit: str, language: str = "lv") -> str:
    """Put a unit behind a written number; the per cent sign is joined in English and spaced in Latvian."""
    if not unit or text == UNKNOWN:
        return text
    if unit == "%" and language == "en":
        return f"{text}%"
    return f"{text}{NBSP}{unit}"


def interval(low: float | None, high: float | None, decimals: int = 0, language: str = "lv") -> str:
    """Write an interval as ``−1,2 … +0,4``; empty if an end is unknown or both round to zero."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if round(low, decimals) == 0 and round(high, decimals) == 0:
        return ""
    return f"{signed(low, decimals, language)}{NBSP}…{NBSP}{signed(high, decimals, language)}"


def share(value: float | None, decimals: int = 0, language: str = "lv") -> str:
    """Write a share (0 to 1) in per cent."""
    return with_unit(number(None if value is None else value * 100, decimals, language), "%", language)


def loose(value: float, language: str) -> str:
    """Write a number of unknown kind with three significant digits, or whole from a hundred on."""
    if not math.isfinite(value):
        return UNKNOWN
    if value == 0 or abs(value) >= 100:
        return number(value, 0, language)
    places = min(6, max(0, 2 - math.floor(math.log10(abs(value)))))
    text = number(value, places, language)
    return text.rstrip("0").rstrip(",.") if places else text


def joined(parts: list[str], language: str = "lv") -> str:
    """Join names into ``a, b un c`` / ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + {"lv": " un ", "en": " and "}[language] + parts[-1]
