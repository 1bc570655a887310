"""Turn restrictions: a crossing with one becomes several nodes, joined by the turns that are allowed.

At a crossing with restrictions every way in that may not be left in all directions ends at a node of its own, and every
way out that is closed to someone begins at one. Links of 10 cm join what may be joined, so flows stay on real links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zemsim.region.build.graph import Edge, Places
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.turn_states import Arc, Course, TurnStates, arcs_by_node

#: Keys of a relation that are about cars, the strongest first.
KEYS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction")
NO = frozenset({"no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_turn", "no_entry", "no_exit"})
ONLY = frozenset({"only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"})
_CARS = {"motorcar", "motor_vehicle", "vehicle"}

#: Why a restriction by way of other ways is refused.
_NO_CHAIN = "the ways of its middle do not lead from one end to the other"


@dataclass(frozen=True)
class Restriction:
    """Who comes from one of ``from_ways`` may not (or, if ``only``, must) leave by ``to_ways``.

    Attributes
    ----------
    number : int
        Of the relation.
    junctions : tuple of int
        Nodes at which the ways meet: one, or one more than ``via_ways``.
    via_ways : tuple of int
        Ways that are passed between the junctions.
    passed : frozenset of int
        Nodes of ``via_ways`` at which other ways meet them.
    """

    number: int
    junctions: tuple[int, ...]
    via_ways: tuple[int, ...]
    from_ways: tuple[int, ...]
    to_ways: tuple[int, ...]
    only: bool
    passed: frozenset[int] = frozenset()

    @property
    def nodes(self) -> frozenset[int]:
        """Nodes that must be crossings of the graph."""
        return self.passed.union(self.junctions)


@dataclass(frozen=True)
class Turn:
    """A link from one node to another at the same crossing."""

    start: int
    end: int


@dataclass
class Restricted:
    """Where arcs begin and end after the crossings were taken apart.

    ``edges`` are those that were given, then copies for those who come from a restriction; ``begin`` and ``finish``
    give the nodes of arcs that are not those of their edges; ``turns`` are added links.
    """

    edges: list[Edge]
    begin: dict[Arc, int] = field(default_factory=dict)
    finish: dict[Arc, int] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    def splits(self, edge: int) -> bool:
        """Whether the two directions of an edge no longer have the same nodes."""
        return any((edge, along) in table for table in (self.begin, self.finish) for along in (True, False))


def read_restrictions(extract: OsmExtract, report: Report) -> list[Restriction]:
    """Return the restrictions for cars that this import can follow; the others are refused, with a count."""
    members = _Members(extract)
    report.count("turn restrictions", "read", "relations", len(extract.restrictions))
    found = []
    for row in sorted(extract.restrictions, key=lambda item: int(item["id"])):
        why = _why_not(row, members)
        chain = () if why else members.chain(row)
        if not why and not chain:
            why = _NO_CHAIN
        if why:
            report.count("turn restrictions", "refused", why, examples=[f"relation {row['id']}"])
            continue
        via, start, end = (tuple(members.way_at[way] for way in row[role]) for role in ("via_ways", "from", "to"))
        only = _kind(row["tags"]) in ONLY
        found.append(Restriction(int(row["id"]), chain, via, start, end, only, members.shared_nodes(via)))
    return found


class _Members:
    """Ways and nodes that relations name, by position in the extract."""

    def __init__(self, extract: OsmExtract) -> None:
        self.extract = extract
        self.node_at = {int(name): position for position, name in enumerate(extract.node_id)}
        self.way_at = {int(name): position for position, name in enumerate(extract.way_id)}

    def nodes_of(self, way: int) -> list[int]:
        """Positions of the nodes of a way that are in the file."""
        refs = self.extract.refs[self.extract.way_start[way] : self.extract.way_start[way + 1]]
        return [self.node_at[int(ref)] for ref in refs if int(ref) in self.node_at]

    def shared_nodes(self, ways: tuple[int, ...]) -> frozenset[int]:
        """Nodes of ways that occur in the file more than once."""
        names = self.extract.node_id
        return frozenset(node for way in ways for node in self.nodes_of(way) if self._uses[int(names[node])] > 1)

    @cached_property
    def _uses(self) -> Counter[int]:
        """How often ways name each node."""
        return Counter(self.extract.refs.tolist())

    def chain(self, row: dict[str, Any]) -> tuple[int, ...]:
        """Return the nodes at which the ways of a restriction meet; () if that is not clear."""
        if not row["via_ways"]:
            return (self.node_at[row["via"][0]],)
        first, *others = (self.nodes_of(self.way_at[way]) for way in row["via_ways"])
        come, go = ({node for way in row[role] for node in self.nodes_of(self.way_at[way])} for role in ("from", "to"))
        found = []
        for start, end in ((first[0], first[-1]), (first[-1], first[0])):
            nodes = [start, end]
            for way in others:
                if nodes[-1] not in (way[0], way[-1]):
                    break
                nodes.append(way[-1] if nodes[-1] == way[0] else way[0])
            whole = len(nodes) == len(others) + 2 and len(set(nodes)) == len(nodes)
            if whole and nodes[0] in come and nodes[-1] in go:
                found.append(tuple(nodes))
        return found[0] if len(found) == 1 else ()


def _kind(tags: dict[str, str]) -> str:
    return next((tags[key] for key in KEYS if key in tags), "")


def _why_not(row: dict[str, Any], members: _Members) -> str:
    tags = row["tags"]
    kind = _kind(tags)
    if not kind:
        return "not for cars, or only at some times"
    if _CARS & {part.strip() for part in tags.get("except", "").split(";")}:
        return "cars are excepted"
    if kind not in NO | ONLY:
        return "kind of restriction is not known"
    if not row["from"] or not row["to"] or (len(row["via"]) != 1 and not row["via_ways"]):
        return "a member is missing"
    if row["via"] and row["via_ways"]:
        return "too many members"
    many = {"no_entry": ("to",), "no_exit": ("from",)}.get(kind, ("from", "to"))
    if any(len(row[role]) != 1 for role in many):
        return "too many members"
    ways = [*row["from"], *row["via_ways"], *row["to"]]
    if any(node not in members.node_at for node in row["via"]) or any(way not in members.way_at for way in ways):
        return "a member lies outside the file"
    if any(len(members.nodes_of(members.way_at[way])) < 2 for way in row["via_ways"]):
        return "a member lies outside the file"
    return ""


def restrict(edges: list[Edge], restrictions: Iterable[Restriction], places: Places, report: Report) -> Restricted:
    """Take the crossings with restrictions apart.

    Parameters
    ----------
    edges : list of Edge
        Links of cars; the nodes of restrictions are nodes of them.
    """
    into, out = arcs_by_node(edges)
    forbidden: set[Course] = set()
    for rule in restrictions:
        courses, why = _courses(rule, edges, into, out)
        name = [f"relation {rule.number}"]
        if why:
            report.count("turn restrictions", "dropped" if why == _NOBODY else "refused", why, examples=name)
            continue
        forbidden |= courses
        report.count("turn restrictions", "kept", "restrictions")
        if rule.via_ways:
            report.count("turn restrictions", "kept", "restrictions by way of other ways", examples=name)
    states = TurnStates(edges, forbidden)
    copies = [states.edges[arc[0]] for arc in states.copies.values()]
    report.count(
        "turn restrictions", "note", "links that stand twice, for those who come from a restriction", len(copies)
    )
    km = sum(places.length_m(edge.nodes) for edge in copies) / 1000.0
    report.count("turn restrictions", "note", "length of links that stand twice", km, "km")
    banned = states.banned()
    into, out = arcs_by_node(states.edges)
    found = Restricted(states.edges)
    for node in sorted(banned):
        _take_apart(node, banned[node], into[node], out.get(node, []), places, found)
    report.count("turn restrictions", "kept", "crossings taken apart", len(banned))
    return found


_NOBODY = "no car can make the turn anyway"
_PASSES = "a way passes through the crossing: ambiguous"
Arcs = dict[int, list[Arc]]


def _courses(rule: Restriction, edges: list[Edge], into: Arcs, out: Arcs) -> tuple[set[Course], str]:
    """Return what a restriction forbids as sequences of arcs; or why it cannot be followed."""
    first, last = rule.junctions[0], rule.junctions[-1]
    arriving = [arc for arc in into.get(first, ()) if _way(edges, arc, at_end=True) in rule.from_ways]
    leaving = [arc for arc in out.get(last, ()) if _way(edges, arc, at_end=False) in rule.to_ways]
    middle = _middle(rule, edges, out)
    if not arriving or not leaving or middle is None:
        return set(), _NOBODY
    u_turn = not rule.via_ways and bool(set(rule.from_ways) & set(rule.to_ways))
    if not u_turn and (len(arriving) > len(rule.from_ways) or len(leaving) > len(rule.to_ways)):
        return set(), _PASSES
    found: set[Course] = set()
    for arc in arriving:
        course = (arc, *middle)
        if u_turn and not rule.only:
            found |= {(arc, other) for other in leaving if other[0] == arc[0]}
        elif not rule.only:
            found |= {(*course, other) for other in leaving}
        else:
            for size in range(1, len(course) + 1):
                wanted = leaving if size == len(course) else [course[size]]
                found |= {(*course[:size], o) for o in out[_end(edges, course[size - 1])] if o not in wanted}
    return found, ""


def _middle(rule: Restriction, edges: list[Edge], out: Arcs) -> Course | None:
    """Return the arcs from the first to the last junction along the ways between; None if cars cannot pass there."""
    found: list[Arc] = []
    node = rule.junctions[0]
    for way, goal in zip(rule.via_ways, rule.junctions[1:], strict=True):
        while node != goal:
            back = found[-1][0] if found else -1
            on = [arc for arc in out.get(node, ()) if _way(edges, arc, at_end=False) == way and arc[0] != back]
            if len(on) != 1 or on[0] in found:
                return None
            found.append(on[0])
            node = _end(edges, on[0])
    return tuple(found)


def _end(edges: list[Edge], arc: Arc) -> int:
    edge = edges[arc[0]]
    return edge.end if arc[1] else edge.start


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
