"""Digests of the tables of a run: equal digests, equal bytes. Run as a program it prints those of the small world."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd


def digest(table: pd.DataFrame) -> str:
    """SHA-256 of the names, types and bytes of all columns in their order."""
    found = hashlib.sha256()
    for name in table.columns:
        values = table[name].to_numpy()
        found.update(f"{name} {table[name].dtype} {len(values)};".encode())
        if values.dtype == object:
            found.update("\x1f".join(map(str, values)).encode())
        else:
            found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def digests(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """The digest of each table."""
    return {name: digest(table) for name, table in tables.items()}


def main() -> None:
    """Print the digests of two policies of the small world, made from nothing."""
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from tests.unit.model import small_world as small
    from zemsim.population import synthesise
    from zemsim.region import load_region

    region = load_region("zemgale")
    world = small.small_world(region, synthesise(region))
    runs = {
        "baseline": small.fresh_run(world, threads=2),
        "chargers": small.fresh_run(world, "chargers", small.CHARGERS, small.GRANT),
    }
    print(json.dumps({name: digests(tables) for name, tables in runs.items()}))


if __name__ == "__main__":
    main()
