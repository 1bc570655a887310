"""Searches on a road graph with a queue of buckets: the plain way to shortest paths, for single queries and as oracle.

Nodes wait in buckets of equal width by the time of their label, in a ring. Nodes of one bucket are taken in no order of
time, so a node may be taken again when its label falls within its bucket; no label is final before its bucket is empty.

The graph is stored in the order of the hierarchy (nodes that are close stand close in memory), which on large graphs is
worth more than the queue. Labels are those of ``lanes.py``, one a row: time, then more sums; they are unique. A node's
predecessor is, of all last links of its shortest paths, the one with the lowest number: trees are unique too.

Source: Dial, Algorithm 360, Communications of the ACM 12, 1969; Denardo and Fox, Operations Research 27, 1979.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lanes import (
    UNREACHABLE,
    Parts,
    add_lanes,
    check_parts,
    equal_lanes,
    lanes_at,
    least_lanes,
    set_lanes,
    start_lane,
    unreached,
)
from zemsim.kernels.lean import INNER, LEAN

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: Most buckets of a ring; fewer and wider ones where links differ too much.
MOST_BUCKETS = 1 << 14

_NONE = -1


class SearchGraph(NamedTuple):
    """Links by the place of their tail.

    Attributes
    ----------
    place : int32 [N]
        Of each node.
    row_start : int64 [N + 1]
        First link of each place.
    head : int32 [L]
        Place at the end of each link.
    link : int32 [L]
        Number of each link, rising within a place.
    weight : tuple of int32 [L]
        Labels.
    shift : int
        The width of a bucket is ``2 ** shift`` ms.
    buckets : int
        A power of two: more than the longest link spans.
    """

    place: Int32
    row_start: Int64
    head: Int32
    link: Int32
    weight: Parts
    shift: int
    buckets: int


class Ring(NamedTuple):
    """Buckets in a ring, each a chain of the places that wait in it; a place that waits in none is its own ``before``.

    Attributes
    ----------
    first : int32 [buckets]
        Place at the head of each chain; -1 for an empty bucket.
    after, before : int32 [N]
        Neighbours in the chain; -1 at its ends.
    """

    first: Int32
    after: Int32
    before: Int32


class Tree(NamedTuple):
    """Shortest paths from one node.

    Attributes
    ----------
    labels : tuple of int32 [N]
        By node: time (``UNREACHABLE`` without a path), then the other sums.
    last_link : int32 [N]
        Link by which the path arrives at each node; -1 at the origin and where there is none.
    """

    labels: Parts
    last_link: Int32


def put_in(place: int, slot: int, ring: Ring) -> None:
    """Let a place wait in a bucket, in front of the others."""
    first, after, before = ring
    after[place], before[place] = first[slot], _NONE
    if first[slot] >= 0:
        before[first[slot]] = place
    first[slot] = place


def take_out(place: int, slot: int, ring: Ring) -> None:
    """Take a place out of the bucket in which it waits."""
    first, after, before = ring
    if before[place] >= 0:
        after[before[place]] = after[place]
    else:
        first[slot] = after[place]
    if after[place] >= 0:
        before[after[place]] = before[place]
    before[place] = place


def forget(labels: Parts, last_link: Int32, ring: Ring) -> None:
    """Make all labels those of what cannot be reached, and all buckets empty."""
    nothing = unreached(labels)
    for place in range(last_link.size):
        set_lanes(labels, place, nothing)
        last_link[place] = _NONE
        ring.before[place] = place
    for slot in range(ring.first.size):
        ring.first[slot] = _NONE


def search_from(
    origin: int,
    target: int,
    row_start: Int64,
    head: Int32,
    link: Int32,
    weight: Parts,
    shift: int,
    labels: Parts,
    last_link: Int32,
    ring: Ring,
) -> None:
    """Labels and last links of all places, or of those no farther than ``target`` if it is a place."""
    time, first, before = labels[0], ring.first, ring.before
    mask = first.size - 1
    forget(labels, last_link, ring)
    start_lane(labels, origin, 0)
    put_in(origin, 0, ring)
    waiting, bucket = 1, 0
    while waiting > 0:
        place = first[bucket & mask]
        if place < 0:
            bucket += 1
            if target >= 0 and time[target] >> shift < bucket:
                return
            continue
        take_out(place, bucket & mask, ring)
        waiting -= 1
        label = lanes_at(labels, place)
        for i in range(row_start[place], row_start[place + 1]):
            other = head[i]
            new, old = add_lanes(label, lanes_at(weight, i)), lanes_at(labels, other)
            best = least_lanes(old, new)
            if equal_lanes(best, new) == 0:
                continue
            if equal_lanes(best, old) != 0:
                if last_link[other] >= 0 and link[i] < last_link[other]:
                    last_link[other] = link[i]
                continue
            if before[other] != other:
                take_out(other, (time[other] >> shift) & mask, ring)
                waiting -= 1
            set_lanes(labels, other, best)
            last_link[other] = link[i]
            put_in(other, (time[other] >> shift) & mask, ring)
            waiting += 1


def search_graph(tail: Int32, head: Int32, links: Parts, place: Int32) -> SearchGraph:
    """Store a graph for searches.

    Parameters
    ----------
    tail, head : int32 [L]
    links : tuple of one to three int32 [L]
        Time of each link in ms, 1 to ``UNREACHABLE``, which closes it; then other sums, 0 to ``UNREACHABLE``.
    place : int32 [N]
        Where each node is stored, a permutation: ``Hierarchy.rank``, or any other.
    """
    n_nodes = place.size
    check_parts("links", links, tail.shape)
    for name, ends in (("tail", tail), ("head", head)):
        if ends.size and (ends.min() < 0 or ends.max() >= n_nodes):
            raise ValueError(f"{name} must hold nodes from 0 to {n_nodes - 1}")
    if head.size != tail.size or (np.bincount(place, minlength=n_nodes) != 1).any():
        raise ValueError("tail and head must have the same size, and place must hold each number once")
    for part, values in enumerate(links):
        least = 1 if part == 0 else 0
        if values.size and (values.min() < least or values.max() > UNREACHABLE):
            raise ValueError(f"part {part} of links must lie between {least} and {UNREACHABLE}")
    link = np.argsort(place[tail], kind="stable").astype(np.int32)
    row_start = np.searchsorted(place[tail][link], np.arange(n_nodes + 1)).astype(np.int64)
    times = links[0][links[0] < UNREACHABLE]
    shift = max(0, int(np.median(times)).bit_length() - 2) if times.size else 0
    longest = int(times.max()) if times.size else 1
    while longest >> shift >= MOST_BUCKETS - 2:
        shift += 1
    buckets = 1 << ((longest >> shift) + 2).bit_length()
    weight = tuple(np.ascontiguousarray(part[link]) for part in links)
    return SearchGraph(place, row_start, place[head][link], link, weight, shift, buckets)


def shortest_from(graph: SearchGraph, origin: int, target: int | None = None) -> Tree:
    """Search from a node.

    Parameters
    ----------
    graph : SearchGraph
    origin : int
        A node.
    target : int, optional
        A node: the search ends when its label is final, and nodes farther away have labels that mean nothing.
    """
    n_nodes = graph.place.size
    for node in (origin, origin if target is None else target):
        if not 0 <= node < n_nodes:
            raise ValueError(f"node {node} is not one of 0 to {n_nodes - 1}")
    labels = tuple(np.empty(n_nodes, np.int32) for _ in graph.weight)
    last_link, after, before = (np.empty(n_nodes, np.int32) for _ in range(3))
    ring = Ring(np.empty(graph.buckets, np.int32), after, before)
    _, row_start, head, link, weight, shift, _ = graph
    from_place, to_place = int(graph.place[origin]), -1 if target is None else int(graph.place[target])
    search_from(from_place, to_place, row_start, head, link, weight, shift, labels, last_link, ring)
    return Tree(tuple(part[graph.place] for part in labels), last_link[graph.place])


def path_to(tree: Tree, tail: Int32, target: int) -> list[int]:
    """Links of the path to a node in the order of driving; empty at the origin and where there is none."""
    links: list[int] = []
    while (link := int(tree.last_link[target])) >= 0:
        links.append(link)
        target = int(tail[link])
    return links[::-1]


put_in = njit(nogil=True, **INNER)(put_in)
take_out = njit(nogil=True, **INNER)(take_out)
forget = njit(nogil=True, **INNER)(forget)
search_from = njit(cache=True, nogil=True, **LEAN)(search_from)
