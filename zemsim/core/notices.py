"""Counts of what was dropped, mended or defaulted on the way, so that nothing happens silently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: How many examples a notice keeps.
EXAMPLES = 5


@dataclass(frozen=True)
class Notice:
    """One kind of thing that happened.

    Attributes
    ----------
    code : str
        Short stable name, for example ``gtfs.trip_without_service``.
    message : str
        The plain sentence; it is shown with the count.
    count : int
        How often.
    examples : tuple of str
        The first few places, in the order they were met.
    """

    code: str
    message: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        examples = f" (for example {', '.join(self.examples)})" if self.examples else ""
        return f"{self.count:,} × {self.message}{examples}"


class Notices:
    """A list of notices that counts; adding to a known code adds up."""

    def __init__(self) -> None:
        self._by_code: dict[str, Notice] = {}

    def add(self, code: str, message: str, count: int = 1, examples: tuple[str, ...] | list[str] = ()) -> None:
        """Count something that happened; a count of nought leaves no trace."""
        if count < 0:
            raise ValueError(f"a notice counts upwards, got {count}")
        if count == 0:
            return
        old = self._by_code.get(code)
        if old is None:
            self._by_code[code] = Notice(code, message, count, tuple(examples)[:EXAMPLES])
            return
        if old.message != message:
            raise ValueError(f"notice {code!r} has two messages: {old.message!r} and {message!r}")
        kept = (*old.examples, *examples)[:EXAMPLES]
        self._by_code[code] = Notice(code, message, old.count + count, kept)

    def merge(self, other: Notices) -> None:
        """Add all notices of ``other``."""
        for notice in other:
            self.add(notice.code, notice.message, notice.count, notice.examples)

    def count(self, code: str) -> int:
        """Return how often ``code`` was counted; 0 if never."""
        notice = self._by_code.get(code)
        return 0 if notice is None else notice.count

    def __iter__(self) -> Iterator[Notice]:
        """Iterate in the order of codes, so that the order never depends on who came first."""
        return iter([self._by_code[code] for code in sorted(self._by_code)])

    def __len__(self) -> int:
        return len(self._by_code)

    def rows(self) -> list[dict[str, object]]:
        """Return the notices as plain rows for a manifest."""
        return [{"code": n.code, "message": n.message, "count": n.count, "examples": list(n.examples)} for n in self]
