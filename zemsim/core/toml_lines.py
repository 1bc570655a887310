"""Where in a TOML file each key stands: ``tomllib`` gives values without positions, this gives the positions.

The scanner reads a text that ``tomllib`` has already accepted, so it checks nothing; it only walks.
"""

from __future__ import annotations

import bisect
import re
import tomllib

#: A place in a document: keys of tables and positions in arrays.
Loc = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t]|#[^\n]*)*")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]+")
_BASIC = re.compile(r'"(?:\\.|[^"\\\n])*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:\\.|[^\\])*?"""(?:""|")?', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'''(?:''|')?", re.DOTALL)
_STRINGS = (_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL)


def key_lines(text: str) -> dict[Loc, int]:
    """Return the line, from 1, on which each key, table and array element of a valid TOML text begins.

    Parameters
    ----------
    text : str
        Text that ``tomllib.loads`` accepts.

    Returns
    -------
    dict
        ``("policy", 1, "measure", 0, "power_kw") -> line``. The document itself, ``()``, is on line 1.

    Notes
    -----
    A table that has several headers, or that is only implied by a longer name, counts where it is first named.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.lines: dict[Loc, int] = {(): 1}
        self.elements: dict[Loc, int] = {}
        self._ends = [m.start() for m in re.finditer("\n", text)]

    def scan(self) -> dict[Loc, int]:
        """The line of each key of the text, by tables and position in their arrays."""
        table: Loc = ()
        while True:
            self._skip(_BLANK_LINES)
            if self.pos >= len(self.text):
                return self.lines
            if self.text[self.pos] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _line(self, pos: int) -> int:
        return bisect.bisect_left(self._ends, pos) + 1

    def _note(self, loc: Loc, pos: int) -> None:
        self.lines.setdefault(loc, self._line(pos))

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.pos)
        if found is not None:
            self.pos = found.end()

    def _header(self) -> Loc:
        start = self.pos
        array = self.text.startswith("[[", self.pos)
        self.pos += 2 if array else 1
        parts = self._key()
        self.pos += 2 if array else 1
        loc: Loc = ()
        for part in parts[:-1]:
            loc = self._inside((*loc, part), start)
        loc = (*loc, parts[-1])
        self._note(loc, start)
        if array:
            self.elements[loc] = self.elements.get(loc, 0) + 1
            loc = (*loc, self.elements[loc] - 1)
            self._note(loc, start)
        return loc

    def _inside(self, loc: Loc, pos: int) -> Loc:
        """Return the table that a name leads to: of an array of tables, its last one."""
        self._note(loc, pos)
        return (*loc, self.elements[loc] - 1) if loc in self.elements else loc

    def _pair(self, table: Loc) -> None:
        start = self.pos
        loc = table
        for part in self._key():
            loc = (*loc, part)
            self._note(loc, start)
        self.pos += 1  # the equals sign
        self._skip(_BLANK)
        self._value(loc)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_BLANK)
            found = _BARE.match(self.text, self.pos) or _BASIC.match(self.text, self.pos)
            found = found or _LITERAL.match(self.text, self.pos)
            if found is None:
                raise ValueError(f"no key on line {self._line(self.pos)}")
            self.pos = found.end()
            raw = found.group()
            parts.append(tomllib.loads(f"k={raw}")["k"] if raw[0] in "\"'" else raw)
            self._skip(_BLANK)
            if not self.text.startswith(".", self.pos):
                return parts
            self.pos += 1

    def _value(self, loc: Loc) -> None:
        first = self.text[self.pos]
        if first == "[":
            self._array(loc)
        elif first == "{":
            self._inline_table(loc)
        elif first in "\"'":
            for pattern in _STRINGS:
                found = pattern.match(self.text, self.pos)
                if found is not None:
                    self.pos = found.end()
                    return
            raise ValueError(f"open string on line {self._line(self.pos)}")
        else:
            self._skip(_SCALAR)

    def _array(self, loc: Loc) -> None:
        self.pos += 1
        position = 0
        while True:
            self._skip(_BLANK_LINES)
            if self.text[self.pos] == "]":
                self.pos += 1
                return
            self._note((*loc, position), self.pos)
            self._value((*loc, position))
            position += 1
            self._skip(_BLANK_LINES)
            if self.text[self.pos] == ",":
                self.pos += 1

    def _inline_table(self, loc: Loc) -> None:
        self.pos += 1
        while True:
            self._skip(_BLANK_LINES)
            if self.text[self.pos] == "}":
                self.pos += 1
                return
            self._pair(loc)
            self._skip(_BLANK_LINES)
            if self.text[self.pos] == ",":
                self.pos += 1
