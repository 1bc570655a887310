"""How much a model keeps for each resident: all its arrays, from two sizes of one population."""

from __future__ import annotations

from benchmarks.memory import array_bytes
from zemsim.calibrate.sampling import sampled
from zemsim.model.model import MobilityModel
from zemsim.model.world import World

#: Bytes of arrays for each further resident after a simulated year, as measured; a tenth more is too much.
MEASURED = 1480.0


def test_arrays_at_rest_do_not_grow(world: World) -> None:
    found = []
    for share in (0.5, 1.0):
        model = MobilityModel(sampled(world, share), 1)
        model.run_year()
        found.append((len(model.residents), array_bytes(model)))
        model.close()
    (fewer, small), (more, large) = found
    assert more - fewer > 500
    each = (large - small) / (more - fewer)
    assert 0.8 * MEASURED < each < 1.1 * MEASURED, f"{each:.0f} bytes per resident"
