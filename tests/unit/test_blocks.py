"""Row blocks: every row once, the same blocks for any number of threads, errors come through."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numba import njit

from zemsim.kernels.blocks import row_blocks, run_blocks


@pytest.mark.parametrize(("n_rows", "block_rows"), [(0, 4), (1, 4), (4, 4), (5, 4), (3, 1), (1000, 7)])
def test_blocks_cover_every_row_once(n_rows: int, block_rows: int) -> None:
    rows = [row for start, stop in row_blocks(n_rows, block_rows) for row in range(start, stop)]
    assert rows == list(range(n_rows))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_blocks_are_the_same_for_any_number_of_threads(threads: int) -> None:
    seen: list[tuple[int, int]] = []
    lock = threading.Lock()

    def kernel(start: int, stop: int, factor: int) -> None:
        assert factor == 3
        with lock:
            seen.append((start, stop))

    run_blocks(kernel, 25, threads, 3, block_rows=4)
    assert sorted(seen) == row_blocks(25, 4)
    assert threads > 1 or seen == row_blocks(25, 4)


def test_a_compiled_kernel_gives_the_same_bits_for_one_and_two_threads() -> None:
    def sums(start: int, stop: int, x: np.ndarray, out: np.ndarray) -> None:
        total = 0.0
        for row in range(start, stop):
            total += x[row]
            out[row] = total

    kernel = njit(nogil=True)(sums)
    x = np.random.default_rng(1).normal(size=20_000)
    one, two = np.empty_like(x), np.empty_like(x)
    run_blocks(kernel, len(x), 1, x, one)
    run_blocks(kernel, len(x), 2, x, two)
    assert one.tobytes() == two.tobytes()


def test_two_threads_work_at_once_and_all_is_done_at_the_end() -> None:
    both, done = threading.Barrier(2, timeout=5.0), []

    def kernel(start: int, stop: int) -> None:
        both.wait()
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.05)
        done.append(start)

    run_blocks(kernel, 4, 2, block_rows=1)
    assert sorted(done) == [0, 1, 2, 3]


def test_no_more_threads_work_than_were_asked_for() -> None:
    busy, most, lock = [0], [0], threading.Lock()

    def kernel(start: int, stop: int) -> None:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.005)
        with lock:
            busy[0] -= 1

    run_blocks(kernel, 12, 3, block_rows=1)
    assert most[0] <= 3


@pytest.mark.parametrize("threads", [1, 3])
def test_the_error_of_the_lowest_rows_is_raised(threads: int) -> None:
    def kernel(start: int, stop: int) -> None:
        if start >= 8:
            raise RuntimeError(f"block {start}")

    with pytest.raises(RuntimeError, match=r"block 8$"):
        run_blocks(kernel, 12, threads, block_rows=4)


def test_blocks_after_an_error_are_not_begun() -> None:
    begun: list[int] = []

    def kernel(start: int, stop: int) -> None:
        begun.append(start)
        if start == 0:
            raise RuntimeError("block 0")
        time.sleep(0.005)

    with pytest.raises(RuntimeError, match="block 0"):
        run_blocks(kernel, 400, 2, block_rows=1)
    assert len(begun) < 400


def test_no_rows_is_no_call() -> None:
    run_blocks(lambda start, stop: pytest.fail("called"), 0, 2)


@pytest.mark.parametrize(("n_rows", "threads", "block_rows"), [(-1, 1, 4), (1, 0, 4), (1, 1, 0)])
def test_wrong_numbers_are_refused(n_rows: int, threads: int, block_rows: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        run_blocks(lambda start, stop: None, n_rows, threads, block_rows=block_rows)
