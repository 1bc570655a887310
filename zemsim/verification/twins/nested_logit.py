"""The nested logit in plain Python, from the formulas, one alternative at a time.

Source: Train, Discrete Choice Methods with Simulation, 2009, ch. 4; the form whose inclusive values are utilities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

#: Alternative to nest.
NESTS = {"walk": "active", "bike": "active", "ebike": "active", "bus": "transit", "train": "transit"}
NESTS |= {"driver": "car", "passenger": "car"}
ORDER = list(NESTS)
NEST_ORDER = list(dict.fromkeys(NESTS.values()))

Values = Mapping[str, float]


def inclusive_values(utility: Values, scale: Values) -> dict[str, float]:
    """``lambda ln sum exp(V / lambda)`` by nest; minus infinity where no alternative is available."""
    out = {}
    for nest in NEST_ORDER:
        inside = [utility[m] for m in ORDER if NESTS[m] == nest and utility[m] > -math.inf]
        top = max(inside, default=-math.inf)
        s = scale[nest]
        out[nest] = top + s * math.log(sum(math.exp((v - top) / s) for v in inside)) if inside else -math.inf
    return out


def probabilities(utility: Values, scale: Values) -> dict[str, float]:
    """Choice probabilities of the nested logit in its utility-consistent form."""
    inclusive = inclusive_values(utility, scale)
    top = max(inclusive.values())
    nest = {b: math.exp(v - top) for b, v in inclusive.items()}
    total = sum(nest.values())
    out = {}
    for m in ORDER:
        b = NESTS[m]
        if utility[m] == -math.inf:
            out[m] = 0.0
        else:
            out[m] = nest[b] / total * math.exp((utility[m] - inclusive[b]) / scale[b])
    return out


def draw(utility: Values, scale: Values, shock_nest: Values, shock_alternative: Values) -> str | None:
    """The alternative drawn with given Gumbel terms, None if there is none."""
    inclusive = inclusive_values(utility, scale)
    nests = [b for b in NEST_ORDER if inclusive[b] > -math.inf]
    if not nests:
        return None
    nest = max(nests, key=lambda b: inclusive[b] + shock_nest[b])
    inside = [m for m in ORDER if NESTS[m] == nest and utility[m] > -math.inf]
    return max(inside, key=lambda m: utility[m] / scale[nest] + shock_alternative[m])
