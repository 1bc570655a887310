"""Routes of the timetable as measures name them: by network, by id, or all."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zemsim.core.errors import InputError, did_you_mean

#: Beginning of the network of a city's buses: ``city_bus_jelgava``.
CITY_BUS = "city_bus_"


@dataclass(frozen=True)
class Routes:
    """The routes of a timetable.

    Attributes
    ----------
    networks : tuple of (str, str)
        ``route_id`` and ``network_id``, sorted by ``route_id``.
    """

    networks: tuple[tuple[str, str], ...]

    @classmethod
    def of_folder(cls, folder: Path) -> Routes:
        """Read ``routes.txt`` of a GTFS folder."""
        path = Path(folder) / "routes.txt"
        try:
            with path.open(encoding="utf-8-sig", newline="") as handle:
                rows = list(csv.DictReader(handle))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path) from error
        for column in ("route_id", "network_id"):
            if not rows or rows[0].get(column) is None:
                raise InputError(f"has no column “{column}”", path, 1, "measures find routes by it")
        return cls(tuple(sorted((row["route_id"], row["network_id"]) for row in rows)))

    @property
    def network_ids(self) -> tuple[str, ...]:
        """All networks, sorted."""
        return tuple(sorted({network for _, network in self.networks}))

    def fault(self, networks: Iterable[str], route_ids: Iterable[str]) -> tuple[str, int, str] | None:
        """Return the first unknown name as field (``networks``, ``route_ids``), position and what is wrong."""
        known = {"networks": set(self.network_ids), "route_ids": {route_id for route_id, _ in self.networks}}
        for field, names in (("networks", networks), ("route_ids", route_ids)):
            for position, name in enumerate(names):
                if name not in known[field]:
                    noun = "network" if field == "networks" else "route"
                    return field, position, f"unknown {noun} “{name}”: {did_you_mean(name, known[field])}"
        return None

    def select(self, networks: Iterable[str] = (), route_ids: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the ids of the routes in any of the networks or listed by id, sorted; no name at all means all."""
        wanted, ids = set(networks), set(route_ids)
        found = self.fault(sorted(wanted), sorted(ids))
        if found is not None:
            raise InputError(found[2])
        everything = not wanted and not ids
        return tuple(r for r, network in self.networks if everything or network in wanted or r in ids)
