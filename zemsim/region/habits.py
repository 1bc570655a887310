"""What people and programs write where a plain number or table is wanted, recognised so that it can be named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: First bytes of files that are often saved or renamed as tables.
_FILES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel or LibreOffice workbook"),
    (b"PK\x05\x06", "a zip archive"),
    (b"PK", "a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the data"),
    (b"SQLite format 3", "a database"),
    (b"PAR1", "a Parquet table"),
)

_NUMBERS: tuple[tuple[str, str], ...] = (
    (r"\s+\S.*|.*\S\s+", "blank before or after the number"),
    (r"(?i)n/?a|n\.a\.|nan|null|none|nil|-+|–|—|\.+|:|\?+|unknown|nav|nezināms", "a word for unknown; leave it blank"),
    (r"#[A-Z/0]+[!?]?", "an error of a spreadsheet; mend it there"),
    (r"=.*", "a formula of a spreadsheet; write its value"),
    (r"(?i)true|false|yes|no|jā|nē", "a yes or no where a number is wanted"),
    (r"(?i)[+-]?inf(inity)?|∞", "must be a number, and finite"),
    (r"(?i)[+-]?0[xob][0-9a-f]+", "a hexadecimal or binary number; write it in decimal"),
    (r"[+-]?\d+,\d{1,2}|[+-]?\d+,\d{4,}|[+-]?0,\d+", "decimal comma; write a point"),
    (r"[+-]?\d{1,3}(,\d{3}){2,}(\.\d+)?|[+-]?\d{1,3},\d{3}\.\d+", "commas between thousands; write digits only"),
    (r"[+-]?\d+,\d{3}", "decimal comma or comma between thousands; write a point, or digits only"),
    (r"[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?|[+-]?\d{1,3}\.\d{3},\d+", "points between thousands; write digits only"),
    (r"[+-]?\d+([\s\u00a0\u2009\u202f'’_]\d+)+([.,]\d+)?", "space between digits or another mark; write digits only"),
    (r"[\u2212\u2010-\u2015]\d.*", "a minus sign that is a dash; write -"),
    (r"\(\d[\d.,]*\)", "brackets for a negative number; write -"),
    (r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}", "a date where a number is wanted"),
    (r"\d{1,3}:\d\d(:\d\d)?", "a time where a number is wanted"),
    (r"\d+\s*[-–]\s*\d+", "a range; write one number"),
    (r"\d+/\d+", "a fraction; write it with a point"),
    (r"(?i)[<>~≈≤≥].*|(ca|about|ap)\.?\s*\d.*", "a sign or word before the number; write the number alone"),
    (r"'.*", "an apostrophe of a spreadsheet before the number"),
    (r"[+-]?[\d.,\s]*\d\s*[^\W\d_][\w/²³]*|.*[%‰€$£].*", "unit in the number; the unit belongs to the column name"),
)

#: Ending of a column to the smaller unit that is often written there, and how many of it make one.
_UNITS: dict[str, tuple[str, float]] = {
    "_kw": ("W", 1000.0),
    "_kwh": ("Wh", 1000.0),
    "_km": ("m", 1000.0),
    "_share": ("per cent", 100.0),
    "_eur_kwh": ("cents", 100.0),
    "_eur_l": ("cents", 100.0),
    "_eur": ("cents", 100.0),
    "_h": ("minutes", 60.0),
}


def file_habit(raw: bytes) -> str | None:
    """Return what a file is by its first bytes, None if it may be text."""
    for start, what in _FILES:
        if raw.startswith(start):
            return what
    opening = raw[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if opening.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page, perhaps an error of a download"
    if opening.startswith((b"{", b"[")):
        return "JSON"
    half = raw[:200]
    if len(half) >= 8 and (half[1::2].count(0) > len(half) // 3 or half[::2].count(0) > len(half) // 3):
        return "UTF-16 text"
    return None


def number_habit(text: str) -> str:
    """Return what stands in a cell where a number is wanted, with the remedy."""
    for pattern, words in _NUMBERS:
        if re.fullmatch(pattern, text[:100]):
            return words
    if any(sign.isdigit() and not "0" <= sign <= "9" for sign in text):
        return "digits of another script; write 0 to 9"
    return "must be a number"


def unit_habit(name: str, value: float, limits: Mapping[str, Any]) -> str:
    """Return the guess of a smaller unit for a value above the range of its column, blank if none fits.

    Parameters
    ----------
    name : str
        The column; its ending is the unit.
    value : float
        Above ``limits["maximum"]``.
    limits : mapping
        ``minimum, maximum`` of the column.
    """
    for ending in sorted(_UNITS, key=len, reverse=True):
        if name.endswith(ending):
            unit, size = _UNITS[ending]
            if limits.get("minimum", 0) <= value / size <= limits["maximum"]:
                return f"; {value:g} may be {unit}: as {ending[1:]} that is {value / size:g}"
            return ""
    return ""
