"""Small SVG tools: escaping, paths with whole-number coordinates, and taming what matplotlib writes.

A page whose policy allows styles by hash only shows no ``style`` attributes, so every style of a figure becomes a
presentation attribute; ids get a prefix, for several figures share one page; metadata goes.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from html import escape
from typing import Any, Final

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"
#: Families of the page, so that a figure's letters are those of the text around it.
FONT: Final = "DejaVu Sans, Verdana, Segoe UI, sans-serif"

_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_FONT = re.compile(r"^(?P<rest>.*?)(?P<size>[\d.]+)px\s+.*$")


def attributes(**values: object) -> str:
    """Return `` name="value"`` for each value that is not None, escaped; ``_`` in names stands for ``-``."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None
    )


def ring_path(ring: Iterable[tuple[int, int]]) -> str:
    """Return a closed path with relative whole-number steps; points that repeat are dropped, a closing point too."""
    points = list(ring)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    steps: list[str] = []
    here = points[0]
    for point in points[1:]:
        step = (point[0] - here[0], point[1] - here[1])
        if step != (0, 0):
            steps.append(f"{step[0]}" + (f"{step[1]}" if step[1] < 0 else f" {step[1]}"))
            here = point
    start = f"M{points[0][0]} {points[0][1]}"
    return f"{start}l{' '.join(steps)}z" if steps else f"{start}z"


def _declarations(style: str) -> list[tuple[str, str]]:
    pairs = [part.split(":", 1) for part in style.split(";") if ":" in part]
    out: list[tuple[str, str]] = []
    for name, value in ((a.strip(), b.strip()) for a, b in pairs):
        if name == "font":
            found = _FONT.match(value)
            if found:
                out.append(("font-size", found["size"]))
                if "bold" in found["rest"] or "700" in found["rest"].split():
                    out.append(("font-weight", "bold"))
        elif name == "font-size":
            out.append((name, value.removesuffix("px")))
        elif name == "font-family":
            continue
        else:
            out.append((name, value))
    return out


def _tame_element(element: ET.Element, prefix: str) -> None:
    for name, value in _declarations(element.attrib.pop("style", "")):
        element.set(name, value)
    if "id" in element.attrib:
        element.set("id", prefix + element.attrib["id"])
    for name, value in list(element.attrib.items()):
        if name == f"{{{XLINK}}}href":
            del element.attrib[name]
            name = "href"
        if name == "href" and value.startswith("#"):
            value = f"#{prefix}{value[1:]}"
        value = value.replace("url(#", f"url(#{prefix}")
        if name in ("d", "points", "transform", "x", "y", "width", "height", "x1", "x2", "y1", "y2"):
            value = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), " ".join(value.split()))
        element.set(name, value)


def tame(text: str, prefix: str, title: str) -> str:
    """Turn a figure of matplotlib into inline SVG that is safe in a page with a strict policy.

    Parameters
    ----------
    text : str
        The SVG file.
    prefix : str
        Put before every id; unique in the page.
    title : str
        What the figure shows, for those who cannot see it.

    Raises
    ------
    ValueError
        If the figure refers to anything outside itself.
    """
    root = ET.fromstring(text)  # noqa: S314 - our own figure, just drawn
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _tame_element(element, prefix)
        if not isinstance(element.tag, str):
            continue
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        if element.get("href", "#")[0] != "#" and not element.get("href", "").startswith("data:image/png;base64,"):
            raise ValueError(f"figure {prefix!r} refers to {element.get('href')!r}")
    for name in ("width", "height", "version", "id"):
        root.attrib.pop(name, None)
    extra: dict[str, Any] = {
        "role": "img",
        "aria-labelledby": f"{prefix}title",
        "class": "figure",
        "font-family": FONT,
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    root.attrib.update(extra)
    label = ET.Element("title", {"id": f"{prefix}title"})
    label.text = title
    root.insert(0, label)
    return ET.tostring(root, encoding="unicode")
