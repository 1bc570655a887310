"""Random numbers by address, compiled: the twin of :mod:`zemsim.core.randomness`.

Every number is a pure function of ``(seed, stream, agent, draw)`` by Philox4x32-10: key ``(seed, stream)``, counter
``(agent low word, agent high word, draw, 0)``. The scalar functions are called inside other kernels with int64
arguments; ``uniforms`` fills arrays. Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MASK = np.uint64(0xFFFFFFFF)
_S32 = np.uint64(32)
_S26 = np.uint64(26)
_S6 = np.uint64(6)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_ZERO = np.uint64(0)
_CELL = 2.0**-52
_TWO_PI = 2.0 * math.pi


def philox(seed: Any, stream: Any, agent: Any, draw: Any) -> tuple[Any, Any, Any, Any]:
    """Four words of Philox4x32-10 at an address of four int64: uint64 scalars below 2**32."""
    c0 = np.uint64(agent) & _MASK
    c1 = np.uint64(agent) >> _S32
    c2 = np.uint64(draw) & _MASK
    c3 = _ZERO
    k0 = np.uint64(seed) & _MASK
    k1 = np.uint64(stream) & _MASK
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0 = (p1 >> _S32) ^ c1 ^ k0
        c1 = p1 & _MASK
        c2 = (p0 >> _S32) ^ c3 ^ k1
        c3 = p0 & _MASK
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


def open_unit(high: Any, low: Any) -> float:
    """The float64 strictly between 0 and 1 made of the upper 26 bits of two 32-bit words."""
    return (float(((high >> _S6) << _S26) | (low >> _S6)) + 0.5) * _CELL


def uniform(seed: Any, stream: Any, agent: Any, draw: Any) -> float:
    """A uniform number strictly between 0 and 1."""
    w0, w1, _w2, _w3 = philox(seed, stream, agent, draw)
    return open_unit(w0, w1)


def gumbel(seed: Any, stream: Any, agent: Any, draw: Any) -> float:
    """A standard Gumbel number, ``-log(-log(u))``."""
    return -math.log(-math.log(uniform(seed, stream, agent, draw)))


def normal(seed: Any, stream: Any, agent: Any, draw: Any) -> float:
    """A standard normal number by Box and Muller from the four words of one address."""
    w0, w1, w2, w3 = philox(seed, stream, agent, draw)
    return math.sqrt(-2.0 * math.log(open_unit(w0, w1))) * math.cos(_TWO_PI * open_unit(w2, w3))


def fill_uniform(seed: Any, stream: Any, agents: Any, draw: Any, out: Any) -> None:
    """``out[i] = uniform(seed, stream, agents[i], draw)`` for int64 [n] and float64 [n]."""
    for i in range(agents.shape[0]):
        out[i] = uniform(seed, stream, agents[i], draw)


def fill_normal(seed: Any, stream: Any, agents: Any, draw: Any, out: Any) -> None:
    """``out[i] = normal(seed, stream, agents[i], draw)`` for int64 [n] and float64 [n]."""
    for i in range(agents.shape[0]):
        out[i] = normal(seed, stream, agents[i], draw)


philox = njit(cache=True, nogil=True)(philox)
open_unit = njit(cache=True, nogil=True)(open_unit)
uniform = njit(cache=True, nogil=True)(uniform)
gumbel = njit(cache=True, nogil=True)(gumbel)
normal = njit(cache=True, nogil=True)(normal)
fill_uniform = njit(cache=True, nogil=True)(fill_uniform)
fill_normal = njit(cache=True, nogil=True)(fill_normal)


def _agents(agents: NDArray[Any]) -> NDArray[np.int64]:
    if agents.ndim != 1 or agents.dtype.kind not in "iu":
        raise ValueError(f"agents must be a one-dimensional integer array, not {agents.dtype} of shape {agents.shape}")
    return np.ascontiguousarray(agents, dtype=np.int64)


def uniforms(seed: int, stream: int, agents: NDArray[Any], draw: int = 0) -> NDArray[np.float64]:
    """Uniform numbers strictly between 0 and 1, one per agent: float64 [n]."""
    ids = _agents(agents)
    out = np.empty(ids.shape[0], dtype=np.float64)
    fill_uniform(int(seed), int(stream), ids, int(draw), out)
    return out


def normals(seed: int, stream: int, agents: NDArray[Any], draw: int = 0) -> NDArray[np.float64]:
    """Standard normal numbers, one per agent: float64 [n]."""
    ids = _agents(agents)
    out = np.empty(ids.shape[0], dtype=np.float64)
    fill_normal(int(seed), int(stream), ids, int(draw), out)
    return out
