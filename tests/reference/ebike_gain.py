"""What an e-bike of one's own adds to the logsum of a tour, from two nested logits in plain Python."""

import math

from zemsim.verification.twins.nested_logit import inclusive_values


def gain(utilities, own, scales, most):
    """Logsum with ``own`` as the utility of the e-bike less that with ``utilities``, at most ``most``; never below 0.

    ``utilities`` by name of the alternative, minus infinity where there is none.
    """
    if own == -math.inf or max(utilities.values()) == -math.inf or own <= utilities["ebike"]:
        return 0.0
    top = max(own, *utilities.values())
    sums = []
    for row in (utilities, utilities | {"ebike": own}):
        inclusive = inclusive_values({name: value - top for name, value in row.items()}, scales)
        sums.append(sum(math.exp(value) for value in inclusive.values()))
    return most if sums[0] == 0.0 else min(most, math.log(sums[1] / sums[0]))
