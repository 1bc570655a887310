"""Trials of mutants: which of them do the tests of a kernel notice?

One process imports and collects everything once; each trial is a fork of it, in which the code of one function is
replaced (or a constant, in every module that imported it) and those tests run that reach the function, quickest first,
until one fails. This needs numba to be switched off, so that kernels are plain functions, and a system that forks.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutation.mutants import MODULE, Mutant, Source

_SURVIVED, _KILLED = 0, 1
#: Memory that a mutant may take beyond what the process had.
_SPARE_BYTES = 2 << 30


@dataclass
class Verdicts:
    """What became of each mutant: ``killed``, ``timeout`` (killed, too) or ``survived``; or why there was no trial."""

    of: list[tuple[Mutant, str]] = field(default_factory=list)
    fault: str = ""


@dataclass(frozen=True)
class Limits:
    """Processor seconds that a test has at least, times its own without a fault; Hypothesis examples of a test."""

    least_s: float = 2.0
    times: float = 4.0
    examples: int = 100


class Trials:
    """Plugin of pytest: instead of running the tests, try the mutants.

    Parameters
    ----------
    module : str
        Name of the kernel's module.
    source : Source
    mutants : sequence of Mutant
        Of that source.
    limits : Limits
    """

    def __init__(self, module: str, source: Source, mutants: Sequence[Mutant], limits: Limits) -> None:
        self._module: ModuleType = importlib.import_module(module)
        self._source, self._mutants, self._limits = source, mutants, limits
        self._trial = False
        self._failed: list[str] = []
        self._names: set[str] = set()
        self._shared: dict[str, tuple[float, set[str]]] = {}
        self.verdicts = Verdicts()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Examples are neither made smaller nor limited in time: the first that fails is enough."""
        usual = settings()
        settings.register_profile("mutation", usual, **_quick(usual, self._limits.examples))
        settings.load_profile("mutation")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The same for tests that have settings of their own (Hypothesis offers no other way to change them)."""
        for item in session.items:
            test = getattr(item, "obj", None)
            own = getattr(test, "_hypothesis_internal_use_settings", None)
            if own is not None:
                vars(getattr(test, "__func__", test))["_hypothesis_internal_use_settings"] = settings(
                    own, **_quick(own, self._limits.examples)
                )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A mutant is dead when a test fails."""
        if report.failed:
            if self._trial:
                os._exit(_KILLED)
            self._failed.append(f"{report.nodeid}\n{report.longreprtext}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all tests once without a fault, then try the mutants."""
        if not session.items:
            self.verdicts.fault = "no test was found"
            return True
        reached = self._baseline(session.items)
        if not self.verdicts.fault:
            for mutant in self._mutants:
                tests = [(s, k) for k, (s, names) in enumerate(reached) if mutant.function in {*names, MODULE}]
                self.verdicts.of.append((mutant, self._try(mutant, session.items, sorted(tests))))
        return True

    def _baseline(self, items: list[pytest.Item]) -> list[tuple[float, list[str]]]:
        """Of each test: processor seconds, and the functions of the kernel that it reaches."""
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            with os.fdopen(theirs, "w") as told:
                told.write(json.dumps(self._run_and_watch(items)))
            os._exit(0)
        os.close(theirs)
        with os.fdopen(ours) as heard:
            text = heard.read()
        os.waitpid(child, 0)
        if not text:
            self.verdicts.fault = "the tests did not come to an end without a fault"
            return []
        seen, failed = json.loads(text)
        self.verdicts.fault = f"{len(failed)} tests fail without a fault:\n{failed[0][-2000:]}" if failed else ""
        return [(seconds, names) for seconds, names in seen]

    def _run_and_watch(self, items: list[pytest.Item]) -> tuple[list[tuple[float, list[str]]], list[str]]:
        _silence()
        file, names = str(self._module.__file__), self._names

        def watch(frame: FrameType, event: str, argument: Any) -> None:
            if frame.f_code.co_filename == file:
                names.add(frame.f_code.co_qualname.partition(".<locals>")[0])

        threading.settrace(watch)
        sys.settrace(watch)
        seen = []
        for item, following in _pairs(items):
            names.clear()
            began = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seconds = time.process_time() - began
            seen.append(self._with_shared(seconds, names, getattr(item, "fixturenames", [])))
        sys.settrace(None)
        threading.settrace(None)
        return seen, self._failed

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Note what a fixture of several tests reaches: here the first of them sets it up, in a trial any may."""
        before, began = set(self._names), time.process_time()
        self._names.clear()
        found = yield
        if fixturedef.scope != "function" and self._names:
            self._shared[fixturedef.argname] = time.process_time() - began, set(self._names)
        self._names.update(before)
        return found

    def _with_shared(self, seconds: float, names: set[str], fixtures: Sequence[str]) -> tuple[float, list[str]]:
        """Seconds and functions of a test with those of the fixtures that it shares with others."""
        shared = [self._shared[fixture] for fixture in fixtures if fixture in self._shared]
        return seconds + sum(part[0] for part in shared), sorted(names.union(*(part[1] for part in shared)))

    def _try(self, mutant: Mutant, items: list[pytest.Item], tests: list[tuple[float, int]]) -> str:
        """Verdict of one mutant."""
        child = os.fork()
        if child == 0:
            self._live(mutant, [items[k] for _, k in tests], [seconds for seconds, _ in tests])
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return "timeout" if os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM) else "killed"
        return "survived" if os.WEXITSTATUS(status) == _SURVIVED else "killed"

    def _live(self, mutant: Mutant, items: list[pytest.Item], seconds: list[float]) -> NoReturn:
        """In the forked process: put the fault in, run the tests, and end."""
        self._trial = True
        try:
            _silence()
            _bound_memory()
            replace(self._module, self._source, mutant)
            for (item, following), needed_s in zip(_pairs(items), seconds, strict=True):
                _bound_time(max(self._limits.least_s, self._limits.times * needed_s))
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException:
            os._exit(_KILLED)
        os._exit(_SURVIVED)


def replace(module: ModuleType, source: Source, mutant: Mutant) -> None:
    """Put a fault into the functions and constants of this process."""
    mutant.put()
    if mutant.function == MODULE:
        name, value = source.constant(mutant.line)
        old, new = vars(module)[name], eval(value, dict(vars(module)))
        for other in list(sys.modules.values()):
            if vars(other).get(name) is old:
                setattr(other, name, new)
        return
    _function(module, mutant.function).__code__ = source.compiled(mutant.function)


def _function(module: ModuleType, name: str) -> FunctionType:
    """The function or method of this name, without what wraps it."""
    found: Any = module
    for part in name.split("."):
        found = vars(found)[part]
    while not isinstance(found, FunctionType):
        inner = [getattr(found, a, None) for a in ("fget", "__func__", "__wrapped__", "func")]
        found = next(f for f in inner if f is not None)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    assert isinstance(found, FunctionType)
    return found


def run_trials(
    module: str, source: Source, mutants: Sequence[Mutant], words: Sequence[str], limits: Limits
) -> Verdicts:
    """Try mutants of a kernel; ``words`` tell pytest the tests: files, node ids, what to leave out."""
    trials = Trials(module, source, mutants, limits)
    always = ["-qq", "-x", "-p", "no:cacheprovider", "--capture=no"]
    # Kernels count modulo 2 ** 64, which NumPy remarks on; and pytest remarks that this module was imported before it.
    for kind in ("ignore:overflow encountered:RuntimeWarning", "ignore::pytest.PytestAssertRewriteWarning"):
        always += ["-W", kind]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main([*always, *words], plugins=[trials])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and not trials.verdicts.fault:
        trials.verdicts.fault = f"the tests cannot be collected (pytest ends with {code}):\n{said.getvalue()}"
    return trials.verdicts


def _quick(own: settings, examples: int) -> dict[str, Any]:
    return {
        "phases": [phase for phase in own.phases if phase in (Phase.explicit, Phase.generate)],
        "max_examples": min(own.max_examples, examples),
        "suppress_health_check": list(HealthCheck),
        "report_multiple_bugs": False,
        "deadline": None,
    }


def _pairs(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _bound_time(allowed_s: float) -> None:
    """End this process when it has worked, or waited, for too long from now on."""
    signal.setitimer(signal.ITIMER_PROF, allowed_s)
    signal.setitimer(signal.ITIMER_REAL, 60.0 + 10.0 * allowed_s)


def _bound_memory() -> None:
    """Refuse memory far beyond what the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _SPARE_BYTES,) * 2)
