"""What the machine can do at best: bandwidth of its memory, by sizes that fit its caches; and how busy it is."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Megabytes of an array that lies in the second cache, the third, and main memory.
SIZES_MB = {"L2": 0.5, "L3": 8.0, "memory": 256.0}


def total(values: NDArray[np.int64]) -> int:
    """Sum of whole numbers: as fast as they can be read."""
    found = np.int64(0)
    for i in range(values.size):
        found += values[i]
    return found


total = njit(nogil=True)(total)


def _seconds(call: Callable[[int], object], threads: int, repeats: int) -> float:
    """Seconds of ``repeats`` calls in each of some threads at once, the best of eight.

    Each thread's own processor time, the longest: what other programs take away does not count.
    """
    best = float("inf")
    spent = [0.0] * threads

    def work(k: int) -> None:
        begun = time.thread_time()
        for _ in range(repeats):
            call(k)
        spent[k] = time.thread_time() - begun

    for _ in range(8):
        workers = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        best = min(best, max(spent))
    return best


def bandwidth(threads: int) -> dict[str, float]:
    """Gigabytes per second that some threads read together, by where the data lies; and that they copy in memory."""
    found = {}
    for name, size_mb in SIZES_MB.items():
        arrays = [np.ones(int(size_mb * 2**20 / 8), np.int64) for _ in range(threads)]
        total(arrays[0])
        repeats = max(1, int(256 / size_mb))
        seconds = _seconds(lambda k, a=arrays: total(a[k]), threads, repeats)
        found[f"read_{name}_gb_s"] = threads * repeats * arrays[0].nbytes / seconds / 1e9
    targets = [np.empty_like(array) for array in arrays]
    seconds = _seconds(lambda k: np.copyto(targets[k], arrays[k]), threads, 1)
    found["copy_memory_gb_s"] = threads * arrays[0].nbytes / seconds / 1e9
    return found


def reads_gb_s(found: dict[str, float], size_bytes: float) -> float:
    """Gigabytes per second at which data of a size is read again and again."""
    for name in ("L2", "L3"):
        if size_bytes <= SIZES_MB[name] * 2**20:
            return found[f"read_{name}_gb_s"]
    return found["read_memory_gb_s"]


def share_of_cores(threads: int, seconds: float = 0.2) -> float:
    """Part of the processor that some busy threads get at once: about 1 on a quiet machine with as many cores."""
    values = np.ones(1 << 16, np.int64)
    total(values)
    spent = [0.0] * threads
    begun = time.perf_counter()

    def work(k: int) -> None:
        start = time.thread_time()
        while time.perf_counter() - begun < seconds:
            for _ in range(16):
                total(values)
        spent[k] = time.thread_time() - start

    workers = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(spent) / (threads * (time.perf_counter() - begun))


def busy() -> float:
    """Processes that want to run, mean of the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def description(packages: tuple[str, ...] = ("numpy", "numba", "llvmlite", "scipy")) -> dict[str, Any]:
    """Processor, cores, Python and versions."""
    found: dict[str, Any] = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
