"""``python -m tests.mutation [KERNEL ...]``: put faults into kernels and see whether their tests notice.

See ``tests/mutation/README.md``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).with_name("survivors.csv")
_ANY = "*"


def main(words: Sequence[str]) -> int:
    """Run the command; 1 if a survivor is not explained, an explanation is out of date or tests fail, 2 for misuse."""
    options = _options(words)
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    from tests.mutation.table import load_table

    table = load_table()
    unknown = sorted(set(options.kernel) - set(table))
    if unknown:
        print(f"no kernel in tests/kernels.toml is called {', '.join(unknown)}; allowed: {', '.join(table)}")
        return 2
    chosen = options.kernel or list(table)
    if options.bounds:
        return _bounds([table[name] for name in chosen])
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":
        environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
        return subprocess.run([sys.executable, "-m", "tests.mutation", *words], env=environment, check=False).returncode
    if len(chosen) > 1:
        return _one_process_each(chosen, options)
    return _mutate(table[chosen[0]], options)


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("kernel", nargs="*", help="name of a file of zemsim/kernels; all if none is given")
    parser.add_argument("--sample", type=int, default=80, metavar="N", help="mutants of a kernel (80); 0 for all")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which mutants (1)")
    parser.add_argument("--line", type=int, default=None, metavar="L", help="only mutants of this line")
    parser.add_argument("--json", action="store_true", help="print one JSON object a kernel")
    parser.add_argument("--bounds", action="store_true", help="run the tests compiled with bounds checks instead")
    return parser.parse_args(words)


def _one_process_each(kernels: Sequence[str], options: argparse.Namespace) -> int:
    """Each kernel in a process of its own, so that one's tests do not burden another's."""
    words = ["--sample", str(options.sample), "--seed", str(options.seed), *(["--json"] if options.json else [])]
    codes = [
        subprocess.run([sys.executable, "-m", "tests.mutation", kernel, *words], check=False).returncode
        for kernel in kernels
    ]
    return max(codes)


def _bounds(kernels: Sequence[Any]) -> int:
    """Compile all kernels with bounds checks, into a folder of their own, and run their tests."""
    tests = list(dict.fromkeys(test for kernel in kernels for test in (*kernel.tests, *kernel.compiled_tests)))
    with tempfile.TemporaryDirectory(prefix="zemsim-bounds-") as folder:
        environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": folder}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        return subprocess.run(command, env=environment, check=False).returncode


def _mutate(kernel: Any, options: argparse.Namespace) -> int:
    from tests.mutation.mutants import Source
    from tests.mutation.trials import Limits, run_trials

    source = Source((ROOT / kernel.file).read_text(encoding="utf-8"), list(kernel.excluded))
    mutants = source.mutants()
    chosen = [m for m in mutants if m.line == options.line] if options.line else mutants
    if options.sample and len(chosen) > options.sample:
        luck = random.Random(f"{options.seed} {kernel.name}")
        chosen = sorted(luck.sample(chosen, options.sample), key=lambda mutant: mutant.line)
    began = time.perf_counter()
    verdicts = run_trials(
        kernel.module, source, chosen, [*kernel.tests, *(f"--deselect={test}" for test in kernel.left_out)], Limits()
    )
    explained = explanations(kernel.name)
    report = _report(kernel.name, len(mutants), verdicts, explained)
    report["stale"] = [list(key) for key in explained if not any(_meets(key, m.key) for m in mutants)]
    report["seconds"] = round(time.perf_counter() - began, 1)
    print(json.dumps(report, ensure_ascii=False) if options.json else _text(report), flush=True)
    return int(any(report[name] for name in ("fault", "survivors", "stale", "needless")))


def explanations(kernel: str) -> dict[tuple[str, str, str], str]:
    """Why mutants of a kernel may survive, by function, text of the line and mutation (``*`` for any)."""
    with SURVIVORS.open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["kernel"] == kernel]
    return {(row["function"], row["line"], row["mutation"]): row["why"] for row in rows}


def _meets(key: tuple[str, str, str], mutant: tuple[str, str, str]) -> bool:
    return key[:2] == mutant[:2] and key[2] in (_ANY, mutant[2])


def _report(name: str, n_mutants: int, verdicts: Any, explained: dict[tuple[str, str, str], str]) -> dict[str, Any]:
    counts = {"killed": 0, "timeout": 0, "explained": 0, "survived": 0}
    survivors, needless = [], []
    for mutant, verdict in verdicts.of:
        why = [key for key in explained if _meets(key, mutant.key)]
        counts["explained" if verdict == "survived" and why else verdict] += 1
        if verdict == "survived" and not why:
            names = ("line_number", "function", "line", "mutation")
            survivors.append(dict(zip(names, (mutant.line, *mutant.key), strict=True)))
        if verdict != "survived" and mutant.key in explained:
            needless.append(list(mutant.key))
    return {
        "kernel": name, "mutants": n_mutants, "tried": len(verdicts.of), **counts,
        "survivors": survivors, "needless": needless, "fault": verdicts.fault,
    }  # fmt: skip


def _text(report: dict[str, Any]) -> str:
    """One line for the kernel, and one for each thing that is wrong."""
    numbers = ", ".join(f"{report[name]} {name}" for name in ("killed", "timeout", "explained", "survived"))
    lines = [f"{report['kernel']}: {report['tried']} of {report['mutants']} mutants: {numbers}; {report['seconds']} s"]
    lines += [
        f"  survived, line {row['line_number']} {row['function']}: {row['mutation']}    | {row['line']}"
        for row in report["survivors"]
    ]
    lines += [f"  explained, yet no such mutant: {key}" for key in report["stale"]]
    lines += [f"  explained, yet killed: {key}" for key in report["needless"]]
    if report["fault"]:
        lines.append(report["fault"])
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
