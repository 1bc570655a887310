"""Rows of the book of a run, packed until all of them are joined: constants once, zeros and positions not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sparse:
    """A column of which most values are zero: float32 ``values`` at int32 ``at``."""

    at: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]

    @classmethod
    def of(cls, values: npt.NDArray[np.float32]) -> Sparse:
        """Pack a column; a negative zero stays one."""
        at = np.flatnonzero(values.view(np.int32)).astype(np.int32)
        return cls(at, values[at])


@dataclass(frozen=True)
class Positions:
    """A column of rising positions, ``first`` and on: one bit for each that could be there."""

    first: int
    bits: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, first: int, there: npt.NDArray[np.bool_]) -> Positions:
        """Pack the positions of what is there."""
        return cls(first, np.packbits(there))


#: A column as it is, packed, or one value for all rows.
Packed = Array | Sparse | Positions | np.generic


@dataclass(frozen=True)
class PackedRows:
    """Rows of a table in one year."""

    year: int
    n_rows: int
    columns: Mapping[str, Packed]

    def column(self, name: str) -> Array:
        """A column as an array [rows]."""
        packed = self.columns[name]
        if isinstance(packed, Sparse):
            values = np.zeros(self.n_rows, np.float32)
            values[packed.at] = packed.values
            return values
        if isinstance(packed, Positions):
            return (packed.first + np.flatnonzero(np.unpackbits(packed.bits))).astype(np.int32)
        return packed if isinstance(packed, np.ndarray) else np.full(self.n_rows, packed, packed.dtype)


def unpacked(parts: Sequence[PackedRows]) -> pd.DataFrame:
    """The rows of all parts as one table, column by column; without columns if there are no rows."""
    filled = [part for part in parts if part.n_rows]
    names = filled[0].columns if filled else ()
    return pd.DataFrame({name: np.concatenate([part.column(name) for part in filled]) for name in names}, copy=False)
