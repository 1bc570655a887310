"""Settings files: TOML in, checked pydantic models out, and every fault reported with file, line and key in one pass.

A model gives the allowed keys, ranges and meanings once; error texts, the editor schema and the documents come from it.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from zemsim.core.errors import MAX_NAME_SHOWN, InputError, clean, nearest, raise_all
from zemsim.core.faults import describe
from zemsim.core.toml_lines import Loc, key_lines

MAX_FILE_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 24
MAX_TEXT: Final = 10_000
#: Faults beyond this number are counted, not printed.
MAX_FAULTS: Final = 60
#: So many keys of a file of another kind are shown.
_SHOWN_KEYS: Final = 6

_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
_TOML_END = re.compile(r" \(at end of document\)$")
_OPAQUE = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*',
    re.DOTALL,
)
_BAD_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

M = TypeVar("M", bound=BaseModel)


class Settings(BaseModel):
    """Base of all settings: unknown keys are errors, types are not guessed, numbers are finite, nothing changes."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


@dataclass(frozen=True)
class Document:
    """A parsed TOML file that knows its lines.

    Attributes
    ----------
    path : str
        Name of the file as the user gave it.
    data : dict
        What ``tomllib`` read.
    lines : dict
        Place to line, see :func:`zemsim.core.toml_lines.key_lines`.
    """

    path: str
    data: dict[str, Any]
    lines: Mapping[Loc, int] = field(repr=False, default_factory=dict)

    def line(self, loc: Loc) -> int:
        """Return the line of a place, or of the nearest table around it."""
        while loc:
            if loc in self.lines:
                return self.lines[loc]
            loc = loc[:-1]
        return 1

    def fault(self, loc: Loc, message: str, hint: str | None = None) -> InputError:
        """Return the error for a place: ``file:line: key: message - hint``."""
        key = show(loc)
        return InputError(f"{key}: {message}" if key else message, self.path, self.line(loc), hint)


def show(loc: Loc) -> str:
    """Return a place as people write it; positions in arrays are counted from 1: ``policy[2].measure[1].places``."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{clean(part, MAX_NAME_SHOWN)}" if text else clean(part, MAX_NAME_SHOWN)
    return text


def read_document(path: str | PathLike[str]) -> Document:
    """Read a TOML file.

    Raises
    ------
    InputError
        If it is missing, too large, too deep, not UTF-8 or not TOML: one message with the line.
    """
    file = Path(path)
    try:
        if file.is_dir():
            raise InputError("is a folder, not a TOML file", path)
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(
                f"is too large: {size:,} bytes", path, hint=f"a settings file has at most {MAX_FILE_BYTES:,} bytes"
            )
        raw = file.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", path) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("is not UTF-8 text", path, line, "save the file as UTF-8") from None
    return parse_document(text, path)


def parse_document(text: str, path: str | PathLike[str] = "settings.toml") -> Document:
    """Parse TOML text; ``path`` is only shown."""
    name = str(path)
    _refuse_depth(text, name)
    try:
        data = tomllib.loads(text)
        lines = key_lines(text)
    except tomllib.TOMLDecodeError as error:
        raise _toml_fault(str(error), text, name) from None
    except RecursionError:
        raise InputError("is nested too deeply", name, hint=f"at most {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise InputError(f"is not valid TOML: {error}", name, _line_of_long_number(text)) from None
    return Document(name, data, lines)


def _toml_fault(message: str, text: str, path: str) -> InputError:
    place = _TOML_PLACE.search(message)
    if place is not None:
        line = int(place.group(1))
        message = message[: place.start()]
    else:
        line = len(text.splitlines()) or 1
        message = _TOML_END.sub(" before the end of the file", message)
    written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    return InputError(f"is not valid TOML: {message}", path, line, f"the line reads “{clean(written.strip(), 60)}”")


def _line_of_long_number(text: str) -> int | None:
    found = re.search(r"\d{300,}", text)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def _refuse_depth(text: str, path: str) -> None:
    """Refuse brackets and dotted keys that nest too deeply, before a parser spends time on them."""
    bare = _OPAQUE.sub(lambda m: "\n" * m.group().count("\n"), text)
    depth = 0
    for found in re.finditer(r"[\[{\]}]", bare):
        depth = depth + 1 if found.group() in "[{" else max(depth - 1, 0)
        if depth > MAX_DEPTH:
            line = bare.count("\n", 0, found.start()) + 1
            raise InputError("is nested too deeply", path, line, f"at most {MAX_DEPTH} levels")
    start = 0
    for piece in re.split(r"[=,{}\[\]\n]", bare):
        if piece.count(".") >= MAX_DEPTH:
            line = bare.count("\n", 0, start) + 1
            raise InputError("is nested too deeply", path, line, f"at most {MAX_DEPTH} levels")
        start += len(piece) + 1


def check(document: Document, model: type[M]) -> M:
    """Return the settings of a document.

    Raises
    ------
    InputError, InputErrors
        With every fault found, in the order of lines.
    """
    settings, faults = check_faults(document, model)
    if settings is None:
        raise_all(faults)
        raise AssertionError("no settings and no fault")
    return settings


def check_faults(document: Document, model: type[M]) -> tuple[M | None, list[InputError]]:
    """Return the settings, or None with all faults."""
    if (other := _other_kind(document, model)) is not None:
        return None, [other]
    plain = {loc: (message, hint) for loc, message, hint in _value_faults(document.data)}
    more = 0
    try:
        settings = model.model_validate(document.data)
        if not plain:
            return settings, []
    except ValidationError as error:
        told, more = describe(error, model, document.data, MAX_FAULTS)
        for loc, message, hint in told:
            known = plain.get(loc)
            plain[loc] = (message, hint) if known is None else (known[0], known[1] or hint)
    faults = [document.fault(loc, *about) for loc, about in list(plain.items())[:MAX_FAULTS]]
    more += len(plain) - len(faults)
    if more:
        last = max(fault.line or 1 for fault in faults)
        faults.append(InputError(f"and {more:,} more faults", document.path, last))
    return None, faults


def _other_kind(document: Document, model: type[BaseModel]) -> InputError | None:
    """One fault for a file that is empty or has nothing of what is asked for, in the place of one for each key."""
    known = list(model.model_fields)
    needed = [name for name, about in model.model_fields.items() if about.is_required()]
    if not needed or any(key in known or nearest(key, known) for key in document.data):
        return None
    hint = f"it must have {', '.join(needed)}"
    if not document.data:
        return InputError("is empty", document.path, 1, hint)
    first = min(document.data, key=lambda key: document.line((key,)))
    found = ", ".join(clean(key, MAX_NAME_SHOWN) for key in list(document.data)[:_SHOWN_KEYS])
    return InputError(f"is a file of another kind: it has {found}", document.path, document.line((first,)), hint)


def _value_faults(data: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str, str | None]]:
    """Find values that no setting may have: numbers that are not finite, hidden characters, endless text."""
    if isinstance(data, dict):
        for key, value in data.items():
            if _BAD_CHARACTERS.search(key) or len(key) > MAX_TEXT:
                yield (*loc, key), "this key has characters that cannot be shown, or is too long", None
            yield from _value_faults(value, (*loc, key))
    elif isinstance(data, list):
        for position, value in enumerate(data):
            yield from _value_faults(value, (*loc, position))
    elif isinstance(data, float) and not math.isfinite(data):
        yield loc, f"must be a finite number, got {data}", None
    elif isinstance(data, str) and len(data) > MAX_TEXT:
        yield loc, f"text is too long: {len(data):,} characters", f"at most {MAX_TEXT:,}"
    elif isinstance(data, str) and _BAD_CHARACTERS.search(data):
        yield loc, "text has control characters", "remove them"
