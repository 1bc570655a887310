"""Random numbers of the acceptance suite, by address: the same cases on every machine and every day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zemsim.core.randomness import Stream, uniform

#: Seed of every case of the suite.
SEED = 1

#: Most numbers of one case of one kind.
_ROOM = 1 << 20


class Numbers:
    """The numbers of one case, drawn one after another."""

    def __init__(self, case: int) -> None:
        self._case = case
        self._drawn = 0

    def shares(self, count: int) -> NDArray[np.float64]:
        """Uniform numbers between 0 and 1, float64 [count]."""
        ids = np.arange(self._drawn, self._drawn + count, dtype=np.int64) + self._case * _ROOM
        self._drawn += count
        if self._drawn > _ROOM:
            raise ValueError(f"a case has {_ROOM} numbers at most")
        return uniform(SEED, Stream.VERIFICATION, ids, 0)

    def whole(self, low: int, high: int, count: int) -> NDArray[np.int64]:
        """Whole numbers from ``low`` to ``high``, both included, int64 [count]."""
        return low + np.floor(self.shares(count) * (high - low + 1)).astype(np.int64)

    def one(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return int(self.whole(low, high, 1)[0])

    def exponential(self, mean: float, count: int) -> NDArray[np.float64]:
        """Exponential numbers, float64 [count]."""
        return -mean * np.log(self.shares(count))

    def order(self, count: int) -> NDArray[np.int64]:
        """An order of ``count`` things, int64 [count]."""
        return np.argsort(self.shares(count), kind="stable")
