"""Probability of a choice under a nested logit, in plain Python from the textbook: the slow twin of the estimator."""

from __future__ import annotations

import math


def probabilities(
    utilities: dict[str, float], nests: list[tuple[list[str], float]], consistent: bool
) -> dict[str, float]:
    """Probability of each alternative that is available; who is in no nest stands alone.

    ``P(j) = P(j|B) P(B)``, see Train, Discrete Choice Methods with Simulation, ch. 4; not consistent is Greene's form.
    """
    inside = {name for members, _ in nests for name in members}
    groups = [*nests, *(([name], 1.0) for name in utilities if name not in inside)]
    logs, conditional = [], {}
    for members, scale in groups:
        values = {m: utilities[m] / (scale if consistent else 1.0) for m in members if m in utilities}
        if values:
            top = max(values.values())
            total = math.fsum(math.exp(v - top) for v in values.values())
            logs.append((list(values), scale * (top + math.log(total))))
            conditional |= {m: math.exp(v - top) / total for m, v in values.items()}
    most = max(value for _, value in logs)
    whole = math.fsum(math.exp(value - most) for _, value in logs)
    upper = {name: math.exp(value - most) / whole for members, value in logs for name in members}
    return {name: conditional[name] * upper[name] for name in conditional}
