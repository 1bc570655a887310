"""Roles of places: which one is the anchor city, its ring, the capital's gate; where parking and city buses cost.

Code names roles, a pack says which places have them, in ``roles`` of its ``datapackage.json``. A role that no place
has is left out: what hangs on it is then assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """A place with a role: its ``name`` in the tables, and its name in ``fact_id``."""

    name: str
    facts: str


@dataclass(frozen=True)
class Roles:
    """Which places of a region have which role.

    Attributes
    ----------
    anchor : Place or None
        Municipality whose ages, sexes, flats, jobs and commuting are reported (``population.<facts>.*``,
        ``housing.<facts>.*``, ``commuting.<facts>.*``).
    anchor_ring, anchor_neighbour : Place or None
        Municipalities that its commuting table names.
    capital_gate : Place or None
        Settlement of the gate that stands for the capital; ``facts`` is its name in the commuting table.
    paid_centres, paid_settlements : tuple of (settlement_id, key of a price)
        Settlements whose middle, or all of which, has a parking price.
    city_fares : tuple of (network_id, key of a price)
        Networks of the timetable with one fare.
    pensioner_fares : tuple of (settlement_id, key of a price)
        Settlements in whose buses their own residents of pension age pay no more than this.
    pupil_fares : tuple of (settlement_id, key of a price)
        The same for their pupils.
    jobs_status : str or None
        Status of the jobs in ``zones``, where one holds for all.
    """

    anchor: Place | None = None
    anchor_ring: Place | None = None
    anchor_neighbour: Place | None = None
    capital_gate: Place | None = None
    paid_centres: tuple[tuple[str, str], ...] = ()
    paid_settlements: tuple[tuple[str, str], ...] = ()
    city_fares: tuple[tuple[str, str], ...] = ()
    pensioner_fares: tuple[tuple[str, str], ...] = ()
    pupil_fares: tuple[tuple[str, str], ...] = ()
    jobs_status: str | None = None

    @classmethod
    def of(cls, package: Mapping[str, Any]) -> Roles:
        """Read the roles of a ``datapackage.json``.

        Raises
        ------
        ValueError
            If a role is not known or not of its form; the text says which.
        """
        stated = package.get("roles", {})
        if not isinstance(stated, dict):
            raise ValueError("“roles” must be an object")
        places = ("anchor", "anchor_ring", "anchor_neighbour", "capital_gate")
        pairs = ("paid_centres", "paid_settlements", "city_fares", "pensioner_fares", "pupil_fares")
        found: dict[str, Any] = {}
        for role, value in stated.items():
            if role in places:
                found[role] = _place(role, value)
            elif role in pairs:
                found[role] = _pairs(role, value)
            elif role == "jobs_status" and value in ("reported", "estimate", "assumption"):
                found[role] = value
            else:
                raise ValueError(f"role “{str(role)[:60]}” is not known or has a wrong value")
        return cls(**found)


def _place(role: str, value: Any) -> Place:
    if not isinstance(value, dict) or set(value) != {"name", "facts"}:
        raise ValueError(f"role “{role}” needs “name” and “facts”")
    if not all(isinstance(text, str) and text for text in value.values()):
        raise ValueError(f"role “{role}”: name and facts are texts")
    return Place(value["name"], value["facts"])


def _pairs(role: str, value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f"role “{role}” is an object of texts")
    return tuple(value.items())
