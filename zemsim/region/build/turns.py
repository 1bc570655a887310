"""Turn restrictions: a crossing with one becomes several nodes, joined by the turns that are allowed.

At a crossing with restrictions every way in that may not be left in all directions ends at a node of its own, and every
way out that is closed to someone begins at one. Links of 10 cm join what may be joined, so flows stay on real links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from zemsim.region.build.graph import Edge, Places
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report

#: Keys of a relation that are about cars, the strongest first.
KEYS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction")
NO = frozenset({"no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_turn", "no_entry", "no_exit"})
ONLY = frozenset({"only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"})
_CARS = {"motorcar", "motor_vehicle", "vehicle"}

#: One direction of an edge: its position, and whether it is driven along.
Arc = tuple[int, bool]


@dataclass(frozen=True)
class Restriction:
    """At node ``via``, who comes from one of ``from_ways`` may not (or, if ``only``, must) leave by ``to_ways``."""

    number: int
    via: int
    from_ways: tuple[int, ...]
    to_ways: tuple[int, ...]
    only: bool


@dataclass(frozen=True)
class Turn:
    """A link from one node to another at the same crossing."""

    start: int
    end: int


@dataclass
class Restricted:
    """Where arcs begin and end after the crossings were taken apart.

    ``begin`` and ``finish`` give the nodes of arcs that are not those of their edges; ``turns`` are added links.
    """

    begin: dict[Arc, int] = field(default_factory=dict)
    finish: dict[Arc, int] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    def splits(self, edge: int) -> bool:
        """Whether the two directions of an edge no longer have the same nodes."""
        return any((edge, along) in table for table in (self.begin, self.finish) for along in (True, False))


def read_restrictions(extract: OsmExtract, report: Report) -> list[Restriction]:
    """Return the restrictions for cars that this import can follow; the others are refused, with a count."""
    node_at = {int(name): position for position, name in enumerate(extract.node_id)}
    way_at = {int(name): position for position, name in enumerate(extract.way_id)}
    report.count("turn restrictions", "read", "relations", len(extract.restrictions))
    found = []
    for row in sorted(extract.restrictions, key=lambda item: int(item["id"])):
        why = _why_not(row, node_at, way_at)
        if why:
            report.count("turn restrictions", "refused", why, examples=[f"relation {row['id']}"])
            continue
        kind = _kind(row["tags"])
        found.append(
            Restriction(
                int(row["id"]),
                node_at[row["via"][0]],
                tuple(way_at[way] for way in row["from"]),
                tuple(way_at[way] for way in row["to"]),
                kind in ONLY,
            )
        )
    return found


def _kind(tags: dict[str, str]) -> str:
    return next((tags[key] for key in KEYS if key in tags), "")


def _why_not(row: dict[str, Any], node_at: dict[int, int], way_at: dict[int, int]) -> str:
    tags = row["tags"]
    kind = _kind(tags)
    if not kind:
        return "not for cars, or only at some times"
    if _CARS & {part.strip() for part in tags.get("except", "").split(";")}:
        return "cars are excepted"
    if kind not in NO | ONLY:
        return "kind of restriction is not known"
    if row["via_ways"]:
        return "by way of a way, not of a node: not followed"
    if len(row["via"]) != 1 or not row["from"] or not row["to"]:
        return "a member is missing"
    many = {"no_entry": ("to",), "no_exit": ("from",)}.get(kind, ("from", "to"))
    if any(len(row[role]) != 1 for role in many):
        return "too many members"
    if row["via"][0] not in node_at or any(way not in way_at for way in [*row["from"], *row["to"]]):
        return "a member lies outside the file"
    return ""


def restrict(edges: list[Edge], restrictions: Iterable[Restriction], places: Places, report: Report) -> Restricted:
    """Take the crossings with restrictions apart.

    Parameters
    ----------
    edges : list of Edge
        Links of cars; crossings of restrictions are nodes of them.
    """
    into, out = _arcs_by_node(edges)
    banned: dict[int, dict[Arc, set[Arc]]] = {}
    for rule in restrictions:
        name = f"relation {rule.number}"
        arriving = [arc for arc in into.get(rule.via, ()) if _way(edges, arc, at_end=True) in rule.from_ways]
        leaving = [arc for arc in out.get(rule.via, ()) if _way(edges, arc, at_end=False) in rule.to_ways]
        u_turn = set(rule.from_ways) & set(rule.to_ways)
        if not arriving or not leaving:
            report.count("turn restrictions", "dropped", "no car can make the turn anyway", examples=[name])
            continue
        if not u_turn and (len(arriving) > len(rule.from_ways) or len(leaving) > len(rule.to_ways)):
            report.count("turn restrictions", "refused", "a way passes through the crossing: ambiguous", 1, "", [name])
            continue
        for arc in arriving:
            closed = [other for other in out[rule.via] if (other in leaving) != rule.only]
            if u_turn:
                closed = [other for other in closed if other[0] == arc[0]] if not rule.only else closed
            banned.setdefault(rule.via, {}).setdefault(arc, set()).update(closed)
        report.count("turn restrictions", "kept", "restrictions")
    found = Restricted()
    for node in sorted(banned):
        _take_apart(node, banned[node], into[node], out[node], places, found)
    report.count("turn restrictions", "kept", "crossings taken apart", len(banned))
    return found


def _arcs_by_node(edges: list[Edge]) -> tuple[dict[int, list[Arc]], dict[int, list[Arc]]]:
    into: dict[int, list[Arc]] = {}
    out: dict[int, list[Arc]] = {}
    for number, edge in enumerate(edges):
        if edge.direction >= 0:
            out.setdefault(edge.start, []).append((number, True))
            into.setdefault(edge.end, []).append((number, True))
        if edge.direction <= 0:
            out.setdefault(edge.end, []).append((number, False))
            into.setdefault(edge.start, []).append((number, False))
    return into, out


def _way(edges: list[Edge], arc: Arc, at_end: bool) -> int:
    """Way that an arc belongs to at its end, or at its beginning."""
    edge = edges[arc[0]]
    return edge.last_way if at_end == arc[1] else edge.first_way


def _take_apart(
    node: int, banned: dict[Arc, set[Arc]], into: list[Arc], out: list[Arc], places: Places, found: Restricted
) -> None:
    name = places.names[node]
    closed_to_some = sorted(set().union(*banned.values()))
    exits = {arc: places.copy(node, f"{name}-o{k}") for k, arc in enumerate(closed_to_some)}
    open_exit = places.copy(node, f"{name}-o") if len(closed_to_some) < len(out) else None
    for arc in out:
        exit_node = exits.get(arc, open_exit)
        assert exit_node is not None
        found.begin[arc] = exit_node
    entries: list[tuple[int, set[Arc]]] = []
    if len(banned) < len(into):
        entries.append((node, set()))
    for k, arc in enumerate(sorted(banned)):
        entry = places.copy(node, f"{name}-i{k}")
        found.finish[arc] = entry
        entries.append((entry, banned[arc]))
    for entry, closed in entries:
        if open_exit is not None:
            found.turns.append(Turn(entry, open_exit))
        found.turns += [Turn(entry, exits[arc]) for arc in closed_to_some if arc not in closed]
