"""Customisation: put times, lengths and costs of links on the arcs of a hierarchy, for 16 time slices at once.

Each arc gets a label upwards and one downwards. The basic pass makes it the least over its own links and over all ways
through nodes below it: for each node ``v`` with upper neighbours ``a < b``, the arc between ``a`` and ``b`` may lead
through ``v``. The perfect pass goes from the top down and makes each label that of the shortest path there is; an arc
that became shorter by this is on no shortest path, and sweeps leave it out.

Source: Dibbelt, Strasser, Wagner 2016 (see ``hierarchy.py``). Cost: one to two ``min`` of 16 lanes per triangle and
direction.

M arcs; labels as in ``lanes.py``, of shape [M] for one slice or [M, 16] for sixteen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

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

Bits = NDArray[np.uint16]


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


def put_links(link_arc: Int32, link_up: NDArray[np.bool_], links: Parts, up: Parts, down: Parts) -> None:
    """Give each arc the least label of its links, per direction."""
    nothing = unreached(up)
    for arc in range(up[0].shape[0]):
        set_lanes(up, arc, nothing)
        set_lanes(down, arc, nothing)
    for link in range(link_arc.size):
        arc = link_arc[link]
        if arc >= 0:
            label = lanes_at(links, link)
            if link_up[link]:
                set_lanes(up, arc, least_lanes(lanes_at(up, arc), label))
            else:
                set_lanes(down, arc, least_lanes(lanes_at(down, arc), label))


def basic(up_start: Int64, up_head: Int32, up: Parts, down: Parts) -> None:
    """Shorten each arc by the ways through the nodes below it, from the lowest node up."""
    for node in range(up_start.size - 1):
        end = up_start[node + 1]
        for i in range(up_start[node], end):
            to_node = lanes_at(down, i)
            from_node = lanes_at(up, i)
            if equal_lanes(to_node, to_node) == 0 and equal_lanes(from_node, from_node) == 0:
                continue
            k = up_start[up_head[i]]
            for j in range(i + 1, end):
                top = up_head[j]
                while up_head[k] < top:
                    k += 1
                set_lanes(up, k, least_lanes(lanes_at(up, k), add_lanes(to_node, lanes_at(up, j))))
                set_lanes(down, k, least_lanes(lanes_at(down, k), add_lanes(lanes_at(down, j), from_node)))


def perfect(up_start: Int64, up_head: Int32, up: Parts, down: Parts, old_up: Parts, old_down: Parts) -> None:
    """Shorten each arc by the ways through nodes above it, from the highest node down.

    ``old_up`` and ``old_down`` get the labels from before.
    """
    for node in range(up_start.size - 2, -1, -1):
        first, end = up_start[node], up_start[node + 1]
        for i in range(first, end):
            set_lanes(old_up, i, lanes_at(up, i))
            set_lanes(old_down, i, lanes_at(down, i))
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


def mark_kept(old: Parts, new: Parts, kept: Bits) -> None:
    """Set the bits of the slices in which an arc is reached and did not change."""
    for arc in range(kept.size):
        kept[arc] = equal_lanes(lanes_at(old, arc), lanes_at(new, arc))


def customise(hierarchy: Hierarchy, links: Parts, make_perfect: bool = True) -> Metric:
    """Labels of all arcs.

    Parameters
    ----------
    hierarchy : Hierarchy
    links : tuple of one to three int32 arrays [L], or [L, 16] for sixteen slices
        Time of each link in milliseconds, 1 to ``UNREACHABLE``, which closes it; then what else is summed up along
        paths and decides between equal times, 0 to ``UNREACHABLE``, in any whole unit.
    make_perfect : bool
        Whether the perfect pass is made: it costs about twice the basic pass and saves much of each sweep.

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
    shape = (n_arcs, LANES) if wide else (n_arcs,)
    up, down = (tuple(np.empty(shape, np.int32) for _ in links) for _ in "ud")
    put_links(hierarchy.link_arc, hierarchy.link_up, links, up, down)
    basic(hierarchy.up_start, hierarchy.up_head, up, down)
    old_up, old_down = up, down
    if make_perfect:
        old_up, old_down = (tuple(np.empty(shape, np.int32) for _ in links) for _ in "ud")
        perfect(hierarchy.up_start, hierarchy.up_head, up, down, old_up, old_down)
    up_kept, down_kept = np.empty(n_arcs, np.uint16), np.empty(n_arcs, np.uint16)
    mark_kept(old_up, up, up_kept)
    mark_kept(old_down, down, down_kept)
    return Metric(up, down, up_kept, down_kept)


put_links = njit(cache=True, nogil=True)(put_links)
basic = njit(cache=True, nogil=True)(basic)
perfect = njit(cache=True, nogil=True)(perfect)
mark_kept = njit(cache=True, nogil=True)(mark_kept)
