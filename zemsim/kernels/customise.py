"""Customisation: put times, lengths and costs of links on the arcs of a hierarchy, for 16 time slices at once.

Each arc gets a label upwards and one downwards. The basic pass makes it the least over its own links and over all ways
through nodes below it: for each node ``v`` with upper neighbours ``a < b``, the arc between ``a`` and ``b`` may lead
through ``v``. The perfect pass goes from the top down and makes each label that of the shortest path there is; an arc
that became shorter by this is on no shortest path, and sweeps leave it out.

Both passes go piece by piece (``pieces.py``), on threads: a label is a least value, so the order of the work does
not matter, and no two threads write to arcs of one node at a time. In the basic pass a node above the cut fetches
the ways through nodes below it; inside a piece each node hands its ways on to the nodes above it.

Source: Dibbelt, Strasser, Wagner 2016 (see ``hierarchy.py``). Cost: one to two ``min`` of 16 lanes per triangle and
direction.

M arcs; labels as in ``lanes.py``, of shape [M] for one slice or [M, 16] for sixteen.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.hierarchy import Hierarchy, Int32, Int64
from zemsim.kernels.lanes import (
    LANES,
    UNREACHABLE,
    Parts,
    add_lanes,
    check_parts,
    equal_lanes,
    lanes_at,
    least_lanes,
    set_lanes,
    unreached,
)
from zemsim.kernels.lean import INNER, LEAN
from zemsim.kernels.pieces import Pieces

Bits = NDArray[np.uint16]
Bools = NDArray[np.bool_]
#: Labels upwards and downwards.
Sides = tuple[Parts, Parts]

#: Arcs, and nodes above the cut, that a thread takes at once.
ARCS_PER_BLOCK = 1 << 13
NODES_PER_BLOCK = 16


class Metric(NamedTuple):
    """Labels of arcs.

    Attributes
    ----------
    up, down : tuple of int32 [M] or [M, 16]
        From the lower node of an arc to the upper, and back; one array for each sum.
    up_kept, down_kept : uint16 [M]
        Bit of each slice: set where a shortest path may take the arc.
    """

    up: Parts
    down: Parts
    up_kept: Bits
    down_kept: Bits


def put_links(
    begin: int, end: int, by_arc: Int32, link_arc: Int32, link_up: Bools, links: Parts, labels: Sides
) -> None:
    """Give the arcs ``begin .. end - 1`` the least label of their links, per direction."""
    up, down = labels
    low, high = 0, by_arc.size
    while low < high:  # the first link of these arcs
        middle = (low + high) // 2
        if link_arc[by_arc[middle]] < begin:
            low = middle + 1
        else:
            high = middle
    nothing = unreached(up)
    for arc in range(begin, end):
        up_label, down_label = nothing, nothing
        while low < by_arc.size and link_arc[by_arc[low]] == arc:
            label = lanes_at(links, by_arc[low])
            if link_up[by_arc[low]]:
                up_label = least_lanes(up_label, label)
            else:
                down_label = least_lanes(down_label, label)
            low += 1
        set_lanes(up, arc, up_label)
        set_lanes(down, arc, down_label)


def shorten_from(i: int, k: int, up_head: Int32, end: int, labels: Sides) -> None:
    """Shorten the arcs between two upper neighbours of a node: that of arc ``i`` and each of ``i + 1 .. end - 1``.

    ``k`` is the first arc of the former.
    """
    up, down = labels
    to_node, from_node = lanes_at(down, i), lanes_at(up, i)
    if equal_lanes(to_node, to_node) == 0 and equal_lanes(from_node, from_node) == 0:
        return
    for j in range(i + 1, end):
        top = up_head[j]
        while up_head[k] < top:
            k += 1
        set_lanes(up, k, least_lanes(lanes_at(up, k), add_lanes(to_node, lanes_at(up, j))))
        set_lanes(down, k, least_lanes(lanes_at(down, k), add_lanes(lanes_at(down, j), from_node)))


def basic_from_below(
    begin: int, end: int, pieces: Pieces, up_start: Int64, up_tail: Int32, up_head: Int32, labels: Sides
) -> None:
    """Shorten the arcs of the nodes at the places ``begin .. end - 1`` by ways through nodes of lower levels."""
    node, below_start, below = pieces.node, pieces.below_start, pieces.below
    for place in range(begin, end):
        first = up_start[node[place]]
        for entry in range(below_start[place], below_start[place + 1]):
            i = below[entry]
            shorten_from(i, first, up_head, up_start[up_tail[i] + 1], labels)


def basic_inside(piece: int, pieces: Pieces, up_start: Int64, up_head: Int32, labels: Sides) -> None:
    """Shorten the arcs of the nodes of a piece by ways through other nodes of it, from the lowest node up."""
    nodes, start, of_node = pieces.node, pieces.start, pieces.of_node
    for place in range(start[piece], start[piece + 1]):
        node = nodes[place]
        end = up_start[node + 1]
        for i in range(up_start[node], end):
            if of_node[up_head[i]] != piece:
                break
            shorten_from(i, up_start[up_head[i]], up_head, end, labels)


def perfect(
    piece: int,
    pieces: Pieces,
    up_start: Int64,
    up_head: Int32,
    labels: Sides,
    old: Sides,
    up_kept: Bits,
    down_kept: Bits,
) -> None:
    """Shorten the arcs of the nodes of a piece by ways through nodes above them, from the highest node down.

    Arcs that stay as long as they were are kept. ``old`` is work space for the arcs of a node.
    """
    up, down = labels
    old_up, old_down = old
    nodes, start = pieces.node, pieces.start
    for place in range(start[piece + 1] - 1, start[piece] - 1, -1):
        first, end = up_start[nodes[place]], up_start[nodes[place] + 1]
        for i in range(first, end):
            set_lanes(old_up, i - first, lanes_at(up, i))
            set_lanes(old_down, i - first, lanes_at(down, i))
        for i in range(first, end):
            up_i, down_i = lanes_at(up, i), lanes_at(down, i)
            k = up_start[up_head[i]]
            for j in range(i + 1, end):
                top = up_head[j]
                while up_head[k] < top:
                    k += 1
                up_j, down_j, up_k, down_k = lanes_at(up, j), lanes_at(down, j), lanes_at(up, k), lanes_at(down, k)
                set_lanes(up, j, least_lanes(up_j, add_lanes(up_i, up_k)))
                set_lanes(down, j, least_lanes(down_j, add_lanes(down_k, down_i)))
                up_i = least_lanes(up_i, add_lanes(up_j, down_k))
                down_i = least_lanes(down_i, add_lanes(up_k, down_j))
            set_lanes(up, i, up_i)
            set_lanes(down, i, down_i)
        for i in range(first, end):
            up_kept[i] = equal_lanes(lanes_at(old_up, i - first), lanes_at(up, i))
            down_kept[i] = equal_lanes(lanes_at(old_down, i - first), lanes_at(down, i))


def mark_reached(labels: Parts, kept: Bits) -> None:
    """Set the bits of the slices in which an arc is reached."""
    for arc in range(kept.size):
        label = lanes_at(labels, arc)
        kept[arc] = equal_lanes(label, label)


def customise(hierarchy: Hierarchy, links: Parts, make_perfect: bool = True, threads: int = 1) -> Metric:
    """Labels of all arcs.

    Parameters
    ----------
    hierarchy : Hierarchy
    links : tuple of one to three int32 arrays [L], or [L, 16] for sixteen slices
        Time of each link in milliseconds, 1 to ``UNREACHABLE``, which closes it; then what else is summed up along
        paths and decides between equal times, 0 to ``UNREACHABLE``, in any whole unit.
    make_perfect : bool
        Whether the perfect pass is made: it costs about as much as the basic pass and saves much of each sweep.
    threads : int
        One or more; the result is the same for any number.

    Raises
    ------
    ValueError
        If shapes, types or ranges are wrong.
    """
    wide = bool(links) and links[0].ndim == 2
    n_links, n_arcs = hierarchy.link_arc.size, hierarchy.n_arcs
    check_parts("links", links, (n_links, LANES) if wide else (n_links,))
    for part, values in enumerate(links):
        least = 1 if part == 0 else 0
        if values.size and (values.min() < least or values.max() > UNREACHABLE):
            raise ValueError(f"part {part} of links must lie between {least} and {UNREACHABLE}")
    labels = _sides(n_arcs, links)
    link_arc, link_up = hierarchy.link_arc, hierarchy.link_up
    run_blocks(
        put_links, n_arcs, threads, hierarchy.by_arc, link_arc, link_up, links, labels, block_rows=ARCS_PER_BLOCK
    )
    _basic(hierarchy, labels, threads)
    up_kept, down_kept = np.empty(n_arcs, np.uint16), np.empty(n_arcs, np.uint16)
    if make_perfect:
        _perfect(hierarchy, labels, up_kept, down_kept, threads)
    else:
        mark_reached(labels[0], up_kept)
        mark_reached(labels[1], down_kept)
    return Metric(*labels, up_kept, down_kept)


def _sides(rows: int, links: Parts) -> Sides:
    """Room for as many labels of each direction, as wide as those of the links."""
    up, down = (tuple(np.empty((rows, *part.shape[1:]), np.int32) for part in links) for _ in "ud")
    return up, down


def _basic(hierarchy: Hierarchy, labels: Sides, threads: int) -> None:
    """The basic pass, level by level: first what comes from below, then the ways inside each piece."""
    pieces, up_start, up_tail, up_head = hierarchy.pieces, hierarchy.up_start, hierarchy.up_tail, hierarchy.up_head
    for level, (first, last) in enumerate(pairwise(pieces.level_start.tolist())):
        place, end = int(pieces.start[first]), int(pieces.start[last])

        def from_below(start: int, stop: int, place: int = place) -> None:
            basic_from_below(place + start, place + stop, pieces, up_start, up_tail, up_head, labels)

        def inside(start: int, stop: int, first: int = first) -> None:
            for piece in range(first + start, first + stop):
                basic_inside(piece, pieces, up_start, up_head, labels)

        if level > 0:
            run_blocks(from_below, end - place, threads, block_rows=NODES_PER_BLOCK)
        run_blocks(inside, last - first, threads, block_rows=1)


def _perfect(hierarchy: Hierarchy, labels: Sides, up_kept: Bits, down_kept: Bits, threads: int) -> None:
    """The perfect pass, from the highest level down."""
    pieces, up_start, up_head = hierarchy.pieces, hierarchy.up_start, hierarchy.up_head
    longest = int(np.diff(up_start).max(initial=0))
    for first, last in reversed(list(pairwise(pieces.level_start.tolist()))):

        def inside(start: int, stop: int, first: int = first) -> None:
            old = _sides(longest, labels[0])
            for piece in range(first + start, first + stop):
                perfect(piece, pieces, up_start, up_head, labels, old, up_kept, down_kept)

        run_blocks(inside, last - first, threads, block_rows=1)


put_links = njit(cache=True, nogil=True, **LEAN)(put_links)
shorten_from = njit(nogil=True, **INNER)(shorten_from)
basic_from_below = njit(cache=True, nogil=True, **LEAN)(basic_from_below)
basic_inside = njit(cache=True, nogil=True, **LEAN)(basic_inside)
perfect = njit(cache=True, nogil=True, **LEAN)(perfect)
mark_reached = njit(cache=True, nogil=True)(mark_reached)
