"""``python -m zemsim.region.make zemgale``: make the built tables of a pack again from its facts."""

from __future__ import annotations

import argparse
from pathlib import Path

from zemsim.region.make import chargers, gates, package, prices, road_order, roads, settlements, timetable, zone_table
from zemsim.region.make.pack import Pack


def make(folder: Path) -> None:
    """Make all built tables of the pack in ``folder``; the same facts give the same bytes."""
    pack = Pack(folder)
    places = settlements.build(pack)
    outside = gates.build(pack)
    populated = zone_table.build(pack, places, outside)
    roads.build(pack, places, populated, outside)
    road_order.build(pack)
    chargers.build(pack, places, populated, outside)
    prices.build(pack)
    timetable.build(folder)
    package.build(pack)


def main() -> None:
    """Read the name or folder of a pack from the command line and make it."""
    parser = argparse.ArgumentParser(prog="python -m zemsim.region.make", description=main.__doc__)
    parser.add_argument("pack", help="name of an embedded pack, or a folder with facts and assumptions")
    name = parser.parse_args().pack
    embedded = Path(__file__).parent.parent / "packs" / name
    make(embedded if embedded.is_dir() else Path(name))


if __name__ == "__main__":
    main()
