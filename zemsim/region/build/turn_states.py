"""Forbidden sequences of turns as a graph: who drives one part way in has links of its own, on which it is remembered.

A restriction by way of other ways forbids to come from one way, pass others and leave by a last one. Whoever has made
the first turns of such a sequence drives on copies of the links passed; the copy of the last one lacks the forbidden
turn. With several sequences the copies are the states of the automaton of Aho and Corasick (Communications of the ACM
18(6), 1975): proper beginnings of a sequence, of which the longest that fits the way driven so far counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from zemsim.region.build.graph import Edge

#: One direction of an edge: its position, and whether it is driven along.
Arc = tuple[int, bool]
#: Arcs driven one after the other.
Course = tuple[Arc, ...]


class TurnStates:
    """Links and turns that keep forbidden sequences.

    Parameters
    ----------
    edges : list of Edge
        Links of cars.
    forbidden : iterable of tuple of arcs
        Sequences of two arcs or more that nobody may drive.

    Attributes
    ----------
    edges : list of Edge
        Those given, then the copies, each for one direction.
    """

    def __init__(self, edges: list[Edge], forbidden: Iterable[Course]) -> None:
        self.forbidden = set(forbidden)
        beginnings = {course[:size] for course in self.forbidden for size in range(2, len(course))}
        self.edges = list(edges)
        self._copy_of: dict[Course, Arc] = {}
        for course in sorted(beginnings, key=lambda course: (len(course), course)):
            self._copy_of[course] = (len(self.edges), True)
            self.edges.append(one_way(edges[course[-1][0]], course[-1][1]))
        self._course_of = {arc: course for course, arc in self._copy_of.items()}

    @property
    def copies(self) -> dict[Course, Arc]:
        """Copy of the last arc of each proper beginning of a forbidden sequence."""
        return self._copy_of

    def banned(self) -> dict[int, dict[Arc, set[Arc]]]:
        """Return by node the arcs in, copies among them, with the arcs out that they may not be left by."""
        into, out = arcs_by_node(self.edges)
        nodes = {self._end(course[-2]) for course in self.forbidden} | {self._begin(arc) for arc in self._course_of}
        nodes |= {self._end(arc) for arc in self._course_of}
        found: dict[int, dict[Arc, set[Arc]]] = {}
        for node in sorted(nodes):
            plain = [arc for arc in out[node] if arc not in self._course_of] if node in out else []
            for arc in into.get(node, ()):
                allowed = {self._next(self._course_of.get(arc, (arc,)), other) for other in plain}
                closed = {other for other in out.get(node, ()) if other not in allowed}
                if closed:
                    found.setdefault(node, {})[arc] = closed
        return found

    def _next(self, driven: Course, arc: Arc) -> Arc | None:
        """Return the link on which an arc is driven after a course; None if nobody may."""
        course = (*driven, arc)
        ends = [course[start:] for start in range(len(course) - 1)]
        if any(end in self.forbidden for end in ends):
            return None
        return next((self._copy_of[end] for end in ends if end in self._copy_of), arc)

    def _begin(self, arc: Arc) -> int:
        edge = self.edges[arc[0]]
        return edge.start if arc[1] else edge.end

    def _end(self, arc: Arc) -> int:
        return self._begin((arc[0], not arc[1]))


def one_way(edge: Edge, along: bool) -> Edge:
    """Return one direction of an edge as an edge of its own."""
    return replace(edge if along else edge.turned(), direction=1)


def arcs_by_node(edges: list[Edge]) -> tuple[dict[int, list[Arc]], dict[int, list[Arc]]]:
    """Return the arcs into each node, and those out of it."""
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
