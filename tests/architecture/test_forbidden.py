"""What the package must not do: run text as code, unpickle, call a shell, or take randomness without an address."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest

from tests.architecture.source import Module, imported, modules, parse, uses

#: Modules that may hold a generator of random numbers. Every other number is drawn by address through them.
RANDOMNESS = {"zemsim/core/randomness.py", "zemsim/kernels/draws.py"}

#: Uses that Mesa's own interface asks for: ``AgentSet.shuffle`` takes its order from the model's generator.
FOR_MESA = {("zemsim/model/rows.py", "numpy.random.default_rng"), ("zemsim/model/rows.py", "numpy.random")}

#: Points of an even sequence that is not scrambled: nothing random is in them.
EVEN_POINTS = {
    ("zemsim/calibrate/posterior/matching.py", "scipy.stats.qmc.Sobol"),
    ("zemsim/calibrate/posterior/matching.py", "scipy.stats.qmc"),
}

#: Modules whose search trees of points and shapes have a method ``query``; they take no text.
SEARCH_TREES = {"zemsim/region/nearest.py"}

BUILTINS = {"eval", "exec", "compile", "__import__"}
CALLS = {
    "os.system",
    "os.popen",
    "tempfile.mktemp",
    "yaml.load",
    "yaml.unsafe_load",
    "pandas.eval",
    "pandas.read_pickle",
    "numba.prange",
}
IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "yaml", "joblib.load"}
METHODS = {"eval", "query", "to_pickle"}
KEYWORDS = {
    ("shell", True),
    ("allow_pickle", True),
    ("fastmath", True),
    ("parallel", True),
    ("allow_nan", True),
}


def dangers(module: Module) -> Iterable[str]:
    """Ways of running text as code, of unpickling, of calling a shell, and of unsafe compilation."""
    for line, name in imported(module):
        if any(name == bad or name.startswith(f"{bad}.") for bad in IMPORTS):
            yield f"{module.path}:{line} imports {name}"
    for line, name in uses(module):
        if name in BUILTINS or name in CALLS:
            yield f"{module.path}:{line} uses {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            known = METHODS - ({"query"} if module.path in SEARCH_TREES else set())
            if isinstance(node.func, ast.Attribute) and node.func.attr in known:
                yield f"{module.path}:{node.lineno} calls .{node.func.attr}()"
            for keyword in node.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if (keyword.arg, value) in KEYWORDS and value is True:
                    yield f"{module.path}:{node.lineno} passes {keyword.arg}=True"


def loose_randomness(module: Module) -> Iterable[str]:
    """Uses of ``random``, ``numpy.random`` or a ``random_state`` outside the addressed generators."""
    if module.path in RANDOMNESS:
        return
    for line, name in imported(module):
        if name.split(".")[0] == "random" or name.startswith("numpy.random"):
            yield f"{module.path}:{line} imports {name}"
    for line, name in uses(module):
        if name.startswith(("numpy.random", "scipy.stats.qmc")) and (module.path, name) not in FOR_MESA | EVEN_POINTS:
            yield f"{module.path}:{line} uses {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and any(k.arg == "scramble" and _is_true(k.value) for k in node.keywords):
            yield f"{module.path}:{node.lineno} scrambles a sequence"
        if isinstance(node, ast.Call) and any(k.arg == "random_state" for k in node.keywords):
            yield f"{module.path}:{node.lineno} passes random_state"


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def test_no_text_is_run_and_nothing_is_unpickled() -> None:
    assert not [fault for module in modules() for fault in dangers(module)]


def test_every_random_number_has_an_address() -> None:
    assert not [fault for module in modules() for fault in loose_randomness(module)]


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "exec('pass')",
        "import pickle",
        "from pickle import load",
        "import os\nos.system('ls')",
        "from os import system\nsystem('ls')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import tempfile\ntempfile.mktemp()",
        "import yaml",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import pandas as pd\npd.read_pickle('x')",
        "frame.query('a > 1')",
        "from numba import njit, prange\nf = njit(fastmath=True)(f)\n",
        "from numba import njit\nf = njit(parallel=True)(f)\n",
        "import numba\nfor i in numba.prange(3): pass",
    ],
)
def test_the_check_sees_each_danger(text: str) -> None:
    assert list(dangers(parse("zemsim.x", "zemsim/x.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "import random",
        "from random import choice",
        "import numpy as np\nnp.random.seed(1)",
        "from numpy import random as r\nr.normal()",
        "from numpy.random import default_rng",
        "frame.sample(3, random_state=1)",
    ],
)
def test_the_check_sees_loose_randomness(text: str) -> None:
    assert list(loose_randomness(parse("zemsim.x", "zemsim/x.py", text)))
    assert not list(loose_randomness(parse("zemsim.core.randomness", "zemsim/core/randomness.py", text)))
