"""Row blocks: the one way in which kernels use more than one thread.

A kernel works on the rows ``start <= row < stop`` and writes only to those rows (or to a slot of its own block). The
blocks have a fixed size, so what is computed inside one block is the same for any number of threads; the order in
which blocks are finished is not.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

#: Rows of a block where the caller names no other size.
BLOCK_ROWS = 4096


def row_blocks(n_rows: int, block_rows: int = BLOCK_ROWS) -> list[tuple[int, int]]:
    """Cut ``n_rows`` rows into blocks of ``block_rows`` (the last may be shorter).

    Parameters
    ----------
    n_rows : int
        Number of rows, zero or more.
    block_rows : int
        Rows of a block, one or more.

    Returns
    -------
    list of (int, int)
        ``(start, stop)`` of each block in row order; empty if there are no rows.
    """
    if n_rows < 0:
        raise ValueError(f"n_rows must be zero or more, not {n_rows}")
    if block_rows < 1:
        raise ValueError(f"block_rows must be one or more, not {block_rows}")
    return [(start, min(start + block_rows, n_rows)) for start in range(0, n_rows, block_rows)]


def run_blocks(
    kernel: Callable[..., object], n_rows: int, threads: int, *args: Any, block_rows: int = BLOCK_ROWS
) -> None:
    """Call ``kernel(start, stop, *args)`` for every block of rows, on ``threads`` threads.

    Parameters
    ----------
    kernel : callable
        Usually a compiled kernel that releases the GIL (``njit(nogil=True)``). It returns nothing that is kept: results
        are written into arrays among ``args``, each block into its own rows.
    n_rows : int
        Number of rows.
    threads : int
        One or more, of which the calling thread is one; with one, the blocks run in row order.
    *args
        Handed to each call unchanged.
    block_rows : int, keyword only
        Rows of a block. It must not be derived from ``threads``, else results could depend on it. Choose it small where
        a row is much work (a shortest-path tree), large where a row is little.

    Raises
    ------
    Exception
        What a kernel call raised; blocks that have not begun by then are not begun. If several failed, the one with the
        lowest rows is raised.
    """
    if threads < 1:
        raise ValueError(f"threads must be one or more, not {threads}")
    blocks = row_blocks(n_rows, block_rows)
    workers = min(threads, len(blocks))
    if workers <= 1:
        for start, stop in blocks:
            kernel(start, stop, *args)
        return
    failed = _share(kernel, blocks, workers, args)
    if failed:
        raise min(failed, key=lambda item: item[0])[1]


def _share(
    kernel: Callable[..., object], blocks: list[tuple[int, int]], workers: int, args: tuple[Any, ...]
) -> list[tuple[int, BaseException]]:
    """Let threads take block after block; return what was raised, by the first row of its block.

    The calling thread is one of them, and threads are few and plain: a pool takes a quarter of a millisecond, as long
    as the work of a small network.
    """
    waiting = deque(blocks)
    failed: list[tuple[int, BaseException]] = []
    helpers: list[threading.Thread] = []

    def work() -> None:
        """Take one block after another until none is left, or another thread has failed."""
        while waiting and not failed:
            try:
                start, stop = waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            try:
                kernel(start, stop, *args)
            except BaseException as error:
                failed.append((start, error))

    try:
        for number in range(1, workers):
            helper = threading.Thread(target=work, name=f"zemsim-block-{number}")
            helper.start()
            helpers.append(helper)
        work()
    except BaseException:  # Ctrl-C outside a block
        waiting.clear()
        raise
    finally:
        for helper in helpers:
            helper.join()
    return failed
