"""Text from data files is not trusted: one line, no control characters, bounded length, safe inside a page."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from zemsim.core.errors import clean as _clean

#: Longest name that a page, a figure or the terminal shows; the rest is cut with an ellipsis.
MAX_NAME: Final = 120
#: Longest free text (a verdict, a note).
MAX_TEXT: Final = 600

_INVISIBLE = re.compile("[\u061c\u200b-\u200f\u2060-\u2064\ufeff\ud800-\udfff]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_SPACES = re.compile(r"[ \t]{2,}")
_ISLAND = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def tidy(text: object, limit: int = MAX_NAME) -> str:
    """Return ``text`` as one line without escapes, control characters or direction marks, cut to ``limit``.

    Markup is left as it is: the template escapes it.
    """
    head = str(text)[: 4 * limit + 200]
    line = _INVISIBLE.sub("", _ESCAPE_SEQUENCE.sub("", head))
    return _clean(_SPACES.sub(" ", _clean(line)).strip(), limit)


def in_language(value: object, language: str, limit: int = MAX_NAME) -> str:
    """Return the ``language`` of ``{"lv": ..., "en": ...}``, the other one if it is empty, or plain text as it is."""
    if isinstance(value, dict):
        others = [value[key] for key in ("lv", "en") if value.get(key)]
        return tidy(value.get(language) or (others[0] if others else ""), limit)
    return tidy("" if value is None else value, limit)


def island(value: Any) -> str:
    """Return ``value`` as JSON that can stand inside a ``<script>`` element: no ``<``, ``>``, ``&``, U+2028, U+2029.

    Raises
    ------
    ValueError
        For NaN and infinity, which JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return "".join(_ISLAND.get(character, character) for character in text)
