"""``report/index.html``: one self-contained page that a planner opens with a double click.

Everything that is evidence is in the text, in Latvian and English; the script only recolours the map and tells a
zone's figures. The policy of the page lets nothing in: no request leaves it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from zemsim.core import atomic
from zemsim.core.errors import OutputError
from zemsim.core.numbers import LANGUAGES
from zemsim.report import sheet as sheets
from zemsim.report.results import RunLike
from zemsim.report.sources import Inputs, gather
from zemsim.report.text import island

PAGE: Final = "index.html"
FOLDER: Final = "report"


def write_report(run: RunLike, out: str | Path | None = None, language: str = "both") -> Path:
    """Write the page of a run.

    Parameters
    ----------
    run : Run
        A finished run (:func:`zemsim.open_run`).
    out : path, optional
        A file ending in ``.html``, or a folder; without it ``report/`` in the run folder.
    language : str
        ``lv``, ``en``, or ``both`` (a switch on the page, Latvian first).

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    return write_page(gather(run), target(run.folder / FOLDER if out is None else Path(out)), language)


def target(out: Path) -> Path:
    """Return the file to write for a file or folder."""
    return out if out.suffix.lower() in (".html", ".htm") else out / PAGE


def write_page(inputs: Inputs, path: Path, language: str = "both") -> Path:
    """Write the page of gathered inputs to ``path``, all or nothing."""
    return write_text(path, render(inputs, chosen(language)))


def write_text(path: Path, page: str) -> Path:
    """Write a page, making its folder; OutputError if the system refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path.parent}: cannot make the folder: {error.strerror or error}") from error
    atomic.write_text(path, page)
    return path


def chosen(language: str) -> tuple[str, ...]:
    """Return the languages of the page; ValueError for one that it has no words in."""
    if language == "both":
        return LANGUAGES
    if language not in LANGUAGES:
        raise ValueError(f"language must be lv, en or both, not {language!r}")
    return (language,)


def render(inputs: Inputs, languages: Sequence[str] = LANGUAGES) -> str:
    """Return the page as text; the same inputs give the same bytes."""
    drawn = sheets.drawn_map(inputs)
    made = [sheets.build(inputs, drawn, language) for language in languages]
    return page_html(made, languages, None if drawn is None else sheets.script_data(drawn, languages))


def page_html(made: Sequence[dict[str, Any]], languages: Sequence[str], data: Any) -> str:
    """Fill the template; every text is escaped, styles and script are allowed by their hashes."""
    from markupsafe import Markup

    css, script = asset("page.css"), asset("page.js")
    return str(
        _environment()
        .get_template("page.html.j2")
        .render(
            sheets=made,
            languages=list(languages),
            csp=content_security_policy(css, script),
            css=Markup(css),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            data=Markup(island(data)) if data else "",  # noqa: S704 - escaped by island()
        )
    )


def content_security_policy(css: str, script: str) -> str:
    """Return a policy that allows this style, this script, and images that are part of the page; nothing else."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(css)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def asset(name: str) -> str:
    """Return a file of ``templates/`` with ``\\n`` line ends, as browsers hash it."""
    text = (files("zemsim.report") / "templates" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


@cache
def _environment() -> Any:
    from jinja2 import DictLoader, Environment, StrictUndefined

    names = ("page.html.j2", "sheet.html.j2", "region.html.j2", "evidence.html.j2", "horizons.html.j2")
    loader = DictLoader({name: asset(name) for name in names})
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
