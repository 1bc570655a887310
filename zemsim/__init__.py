"""zemsim: how a region's residents travel, and what a measure of a mobility plan would change.

The public names are loaded when they are first used, so that ``import zemsim`` costs nothing.

>>> import zemsim
>>> region = zemsim.load_region("zemgale")
>>> experiment = zemsim.load_experiment()
>>> model = zemsim.build_model(experiment, policy="baseline", seed=1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zemsim.core.lazy import lazy_names

__version__ = "0.1.0"

_HOME = {
    "load_region": "zemsim.region",
    "load_experiment": "zemsim.experiment.experiment",
    "build_model": "zemsim.model",
    "run": "zemsim.experiment.runner",
    "open_run": "zemsim.experiment.run_folder",
    "compare": "zemsim.experiment.compare",
}

__all__ = ["__version__", "build_model", "compare", "load_experiment", "load_region", "open_run", "run"]

if TYPE_CHECKING:
    from zemsim.experiment.compare import compare
    from zemsim.experiment.experiment import load_experiment
    from zemsim.experiment.run_folder import open_run
    from zemsim.experiment.runner import run
    from zemsim.model import build_model
    from zemsim.region import load_region

__getattr__, __dir__ = lazy_names(globals(), _HOME)
