"""Addressed randomness: every random number is a pure function of ``(seed, stream, agent, draw)``.

The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011).
The key is ``(seed, stream)``, the counter ``(agent low word, agent high word, draw, 0)``. Nothing is stored between
draws, so results do not depend on order, on threads or on who else draws. :mod:`zemsim.kernels.draws` holds the
compiled twin, equal bit for bit; this module is for tables and for tests.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

UInt64 = NDArray[np.uint64]
Float64 = NDArray[np.float64]


class Stream(IntEnum):
    """Named streams. The value is part of the address of every draw: it never changes, new members are appended."""

    SYNTHESIS = 0
    HOME = 1
    WORKPLACE = 2
    PLAN = 3
    DESTINATION = 4
    MODE_NEST = 5
    MODE_ALTERNATIVE = 6
    REPLACEMENT = 7
    PURCHASE = 8
    EBIKE = 9
    SCRAPPAGE = 10
    CHARGING_START = 11
    CHARGING = 12
    SCHOOL = 13
    VEHICLE = 14
    DEPARTURE = 15
    HOUSEHOLD = 16
    INCOME = 17
    LICENCE = 18
    BIKE = 19
    SAMPLE = 20
    LIFT = 21
    YARD = 22
    WORK_CHARGING = 23
    SHARED_EBIKE = 24
    VERIFICATION = 25
    ON_DEMAND = 26
    BACKTEST = 27
    DESTINATION_CHANGE = 28
    JOB_CHANGE = 29
    TIMER = 30
    PANELS = 31
    REQUEST = 32
    AGEING = 33
    ESCORT = 34
    STATION_ACCESS = 35
    CAR_SHARING = 36


_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_ROUNDS = 10


def _low_word(values: ArrayLike) -> UInt64:
    return np.asarray(values).astype(np.int64).astype(np.uint64) & _MASK


def philox(seed: int, stream: int, agent: ArrayLike, draw: ArrayLike) -> tuple[UInt64, UInt64, UInt64, UInt64]:
    """Four 32-bit words of Philox4x32-10 for each address.

    Parameters
    ----------
    seed, stream
        The key; the lowest 32 bits of each count.
    agent
        Identity of whoever draws, int64, any shape: a stable id, never a position that a policy can change.
    draw
        Number of the draw of that agent in that stream (its lowest 32 bits), broadcast against ``agent``.

    Returns
    -------
    Four uint64 arrays of the broadcast shape, each value below 2**32.
    """
    agents = np.asarray(agent).astype(np.int64).astype(np.uint64)
    c0, c1, c2 = np.broadcast_arrays(agents & _MASK, agents >> _SHIFT, _low_word(draw))
    c3 = np.zeros_like(c0)
    k0, k1 = int(seed) & 0xFFFFFFFF, int(stream) & 0xFFFFFFFF
    for _ in range(_ROUNDS):
        p0 = _MULTIPLIER_0 * c0
        p1 = _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0),
            p1 & _MASK,
            (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1),
            p0 & _MASK,
        )
        k0, k1 = (k0 + _WEYL_0) & 0xFFFFFFFF, (k1 + _WEYL_1) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _open_unit(high: UInt64, low: UInt64) -> Float64:
    bits = ((high >> np.uint64(6)) << np.uint64(26)) | (low >> np.uint64(6))
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def uniform(seed: int, stream: int, agent: ArrayLike, draw: ArrayLike) -> Float64:
    """Uniform numbers strictly between 0 and 1 (52 random bits at the middle of their cell), float64."""
    w0, w1, _, _ = philox(seed, stream, agent, draw)
    return _open_unit(w0, w1)


def gumbel(seed: int, stream: int, agent: ArrayLike, draw: ArrayLike) -> Float64:
    """Standard Gumbel numbers ``-log(-log(u))``, float64."""
    return -np.log(-np.log(uniform(seed, stream, agent, draw)))


def normal(seed: int, stream: int, agent: ArrayLike, draw: ArrayLike) -> Float64:
    """Standard normal numbers by Box and Muller from the four words of one address, float64."""
    w0, w1, w2, w3 = philox(seed, stream, agent, draw)
    return np.sqrt(-2.0 * np.log(_open_unit(w0, w1))) * np.cos(2.0 * np.pi * _open_unit(w2, w3))
