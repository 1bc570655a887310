"""Errors for people: what is wrong, where, and what to do; and the exit code that a command ends with.

Every error that a user can cause is a :class:`ZemsimError`. Anything else that reaches the command line is our bug.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from os import PathLike, fspath
from typing import Final

EXIT_OK: Final = 0
EXIT_USAGE: Final = 2
EXIT_SOME_FAILED: Final = 3
EXIT_BAD_INPUT: Final = 65
EXIT_OUR_BUG: Final = 70
EXIT_OUTPUT: Final = 74
EXIT_BUSY: Final = 75

#: Names longer than this are cut before they are compared or shown: a hostile file must not cost time.
MAX_NAME_SHOWN: Final = 80

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(text: object, limit: int | None = None) -> str:
    """Return ``text`` on one line without control characters, escapes or direction marks, cut to ``limit``."""
    line = _CONTROL.sub(" ", str(text))
    if limit is not None and len(line) > limit:
        return line[: limit - 1] + "…"
    return line


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the known name that looks most like ``name``, or None if none is near.

    Letter case is ignored. Ties go to the first in alphabetical order.

    Parameters
    ----------
    name : str
        What the user wrote.
    names : iterable of str
        What is known.
    """
    short = name[:MAX_NAME_SHOWN].casefold()
    known = {other.casefold(): other for other in sorted(set(names), reverse=True)}
    if short in known:
        return known[short]
    found = difflib.get_close_matches(short, sorted(known), n=1, cutoff=0.6)
    return known[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str], known: str = "known", show: int = 12) -> str:
    """Return the advice for an unknown name: the nearest one, or the first few that are known."""
    names = sorted(set(names))
    best = nearest(name, names)
    if best is not None:
        return f"did you mean “{best}”?"
    if not names:
        return f"{known}: none"
    more = f" and {len(names) - show} more" if len(names) > show else ""
    return f"{known}: " + ", ".join(names[:show]) + more


class ZemsimError(Exception):
    """An error that a user can understand and mend.

    Attributes
    ----------
    exit_code : int
        What the command line ends with.
    """

    exit_code: int = EXIT_OUR_BUG


class UsageError(ZemsimError):
    """The command was called in a way that it does not know."""

    exit_code = EXIT_USAGE


class InputError(ZemsimError):
    """Something in the input is wrong; the text reads ``file:line: message - hint``.

    Parameters
    ----------
    message : str
        What is wrong, in a sentence; with the key, if it is about one.
    path : path, optional
        The file.
    line : int, optional
        The line in it, from 1.
    hint : str, optional
        What to do: the allowed range, the nearest name.
    """

    exit_code = EXIT_BAD_INPUT

    def __init__(
        self,
        message: str,
        path: str | PathLike[str] | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = None if path is None else fspath(path)
        self.line = line
        self.hint = hint

    def __str__(self) -> str:
        where = ""
        if self.path is not None:
            where = f"{clean(self.path)}:{self.line}: " if self.line is not None else f"{clean(self.path)}: "
        hint = f" - {clean(self.hint)}" if self.hint else ""
        return f"{where}{clean(self.message)}{hint}"

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str | None, int | None, str | None]]:
        return (type(self), (self.message, self.path, self.line, self.hint))


class InputErrors(ZemsimError):  # noqa: N818 - it is a list of errors
    """Several faults of one input, one line each, in the order of their lines.

    Parameters
    ----------
    errors : iterable of InputError
        At least one.
    """

    exit_code = EXIT_BAD_INPUT

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors: tuple[InputError, ...] = tuple(
            sorted(errors, key=lambda e: (e.path or "", e.line or 0)),
        )
        if not self.errors:
            raise ValueError("InputErrors needs at least one error")
        super().__init__(self.errors)

    def __iter__(self) -> Iterator[InputError]:
        return iter(self.errors)

    def __len__(self) -> int:
        return len(self.errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class OutputError(ZemsimError):
    """Something could not be written or read back: disk full, no permission, a damaged run."""

    exit_code = EXIT_OUTPUT


class BusyError(ZemsimError):
    """Another process holds what is needed."""

    exit_code = EXIT_BUSY


def raise_all(errors: list[InputError]) -> None:
    """Raise nothing for no error, the error for one, and :class:`InputErrors` for more."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise InputErrors(errors)
