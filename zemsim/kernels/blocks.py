"""Row blocks: the one way in which kernels use more than one thread.

A kernel works on the rows ``start <= row < stop`` and writes only to those rows (or to a slot of its own block). The
blocks have a fixed size, so what is computed inside one block is the same for any number of threads; the order in
which blocks are finished is not.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
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
        One or more; with one, the blocks run in row order in the calling thread.
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
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="zemsim-block") as pool:
        futures = [pool.submit(kernel, start, stop, *args) for start, stop in blocks]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            for future in futures:
                future.cancel()
    for future in futures:
        if not future.cancelled():
            future.result()
