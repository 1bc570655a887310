"""Vectors: the compiled functions do what their plain bodies do, at the limits of int32 too."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from zemsim.kernels import vectors
from zemsim.kernels.vectors import (
    add,
    at_most,
    choose,
    equal,
    highest,
    least,
    less,
    load,
    splat,
    store,
    subtract,
    vector_rows,
)

VALUES = st.lists(st.sampled_from([-(2**29), -1, 0, 1, 2, 2**29, 2**30 - 1]), min_size=32, max_size=32)


def all_of_them(rows, out, value):  # type: ignore[no-untyped-def]
    a, b = load(rows, 0), load(rows, 1)
    mask = less(a, b)
    store(out, 0, add(a, b))
    store(out, 1, least(a, b))
    store(out, 2, choose(mask, a, splat(value)))
    store(out, 3, subtract(a, b))
    return mask, at_most(a, b), equal(a, b), highest(a)


compiled = njit(all_of_them)


@given(VALUES, VALUES, st.integers(-(2**31), 2**31 - 1))
def test_compiled_lanes_equal_their_plain_bodies(first: list[int], second: list[int], value: int) -> None:
    rows = np.array([first, second], np.int32)
    here, there = np.zeros((4, 32), np.int32), np.zeros((4, 32), np.int32)
    masks = all_of_them(rows, here, value)
    assert compiled(rows, there, value) == masks
    assert (here == there).all()
    pairs = list(zip(first, second, strict=True))
    tests = (a < b for a, b in pairs), (a <= b for a, b in pairs), (a == b for a, b in pairs)
    assert masks == (*(sum(1 << k for k, found in enumerate(test) if found) for test in tests), max(first))
    assert here.tolist() == [
        [a + b for a, b in pairs],
        [min(pair) for pair in pairs],
        [a if a < b else value for a, b in pairs],
        [a - b for a, b in pairs],
    ]


def test_rows_begin_at_multiples_of_64_bytes() -> None:
    for n in (1, 7, 1000):
        for make in (vector_rows, getattr(vector_rows, "py_func", vector_rows)):
            rows = make(n)
            assert rows.shape == (n, 32)
            assert rows.ctypes.data % 64 == 0
            assert rows.flags.c_contiguous


def test_a_row_outside_is_found_by_a_run_with_bounds_checks() -> None:
    code = (
        "import numpy as np\nfrom numba import njit\nfrom zemsim.kernels.vectors import load, highest\n"
        "njit(lambda rows, i: highest(load(rows, i)))(np.zeros((2, 32), np.int32), 2)\n"
    )
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert "IndexError: row is outside the array of lanes" in done.stderr
    assert vectors.LANES == 32
