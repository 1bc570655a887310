"""How the command line speaks: errors as one message and an exit code, figures as JSON or in columns."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

import click

from zemsim.core.errors import EXIT_OUR_BUG, EXIT_OUTPUT, InputError, InputErrors, ZemsimError, clean

#: What a shell expects of a process that Ctrl-C ended.
EXIT_INTERRUPTED: Final = 130

_DISK_TROUBLE: Final = {errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EFBIG}


class Commands(click.Group):
    """The group of commands: it turns every error into one message and an exit code."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run a command and leave the process with its exit code."""
        debug = "--debug" in (sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            with _plain_terminal():
                code = super().main(args, *rest, **extra)
        except click.exceptions.Exit as stop:
            code = stop.exit_code
        except (click.Abort, KeyboardInterrupt):
            code = _say(
                "zemsim: interrupted; a run that is asked for again takes up what was finished", EXIT_INTERRUPTED
            )
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except BrokenPipeError:
            sys.stdout = None
            code = 0
        except ZemsimError as error:
            code = _say(_lines(error), error.exit_code, debug)
        except OSError as error:
            if error.errno in _DISK_TROUBLE:
                code = _say(f"zemsim: {error.filename or 'output'}: {error.strerror}", EXIT_OUTPUT, debug)
            else:
                code = _bug(error, debug)
        except Exception as error:
            code = _bug(error, debug)
        sys.exit(code if isinstance(code, int) else 0)


def _lines(error: ZemsimError) -> str:
    """Return a message for each fault; those with a file begin with it, as editors and people expect."""
    faults = error.errors if isinstance(error, InputErrors) else (error,)
    lines = []
    for fault in faults:
        begins_with_file = isinstance(fault, InputError) and fault.path is not None
        text = str(fault) if isinstance(fault, InputError) else clean(fault)
        lines.append(text if begins_with_file else f"zemsim: {text}")
    return "\n".join(lines)


def _say(message: str, code: int, debug: bool = False) -> int:
    """Print a message on standard error and return the exit code."""
    if debug:
        traceback.print_exc()
    click.echo(message, err=True)
    return code


def _bug(error: BaseException, debug: bool) -> int:
    """Say that something failed that is not the user's fault."""
    if debug:
        traceback.print_exc()
    text = clean(f"{type(error).__name__}: {error}", 300)
    click.echo(f"zemsim: this is our bug, not yours: {text}", err=True)
    if not debug:
        click.echo("The same command with `zemsim --debug ...` prints what we need to know to mend it.", err=True)
    return EXIT_OUR_BUG


@contextlib.contextmanager
def _plain_terminal() -> Iterator[None]:
    """Let a terminal that lacks a letter show another instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    yield


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object; what is not a finite number is null."""
    click.echo(json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)


def print_columns(rows: Iterable[Sequence[object]], head: Sequence[str]) -> None:
    """Print rows in columns of equal width, the last one as long as it is."""
    lines = [list(head), *([clean(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False)]
        click.echo("  ".join([*cells, line[-1]]).rstrip())


def plain_text(value: Any) -> str:
    """A value of a table as a person reads it: lists and mappings in a row, numbers to four digits."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain_text(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
