"""The addressed generator: known answers, twins equal bit for bit, uniform and independent numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from zemsim.core import randomness
from zemsim.core.randomness import Stream
from zemsim.kernels import draws

ADDRESS = st.tuples(st.integers(0, 2**31), st.integers(0, 40), st.integers(0, 2**62), st.integers(0, 2**32 - 1))


def test_known_answer_zero_key_zero_counter() -> None:
    expected = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    assert tuple(int(w) for w in draws.philox(0, 0, 0, 0)) == expected
    assert tuple(int(w) for w in randomness.philox(0, 0, 0, 0)) == expected


def test_words_with_all_bits_set_equal_a_plain_integer_reference() -> None:
    """All bits set in key and counter: checks the wrap-around of the key schedule."""
    words = _reference(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF)
    assert tuple(int(w) for w in draws.philox(2**32 - 1, 2**32 - 1, np.int64(-1), 2**32 - 1)) == words


def _reference(seed: int, stream: int, agent: int, draw: int) -> tuple[int, ...]:
    counter, key = [agent & 0xFFFFFFFF, agent >> 32, draw & 0xFFFFFFFF, 0], [seed, stream]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(p1 >> 32) ^ counter[1] ^ key[0], p1 % 2**32, (p0 >> 32) ^ counter[3] ^ key[1], p0 % 2**32]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return tuple(counter)


@settings(deadline=None, max_examples=100)
@given(ADDRESS)
def test_twins_and_reference_agree(address: tuple[int, int, int, int]) -> None:
    compiled = tuple(int(w) for w in draws.philox(*address))
    assert compiled == _reference(*address)
    assert compiled == tuple(int(w) for w in getattr(draws.philox, "py_func", draws.philox)(*address))
    assert compiled == tuple(int(w) for w in randomness.philox(*address))
    u = draws.uniform(*address)
    assert 0.0 < u < 1.0
    assert u == float(randomness.uniform(*address))
    assert draws.gumbel(*address) == pytest.approx(float(randomness.gumbel(*address)), rel=1e-12, abs=1e-12)
    assert draws.normal(*address) == pytest.approx(float(randomness.normal(*address)), rel=1e-12, abs=1e-12)


def test_extreme_words_stay_inside_the_open_interval() -> None:
    top = np.uint64(0xFFFFFFFF)
    assert 0.0 < draws.open_unit(np.uint64(0), np.uint64(0)) < draws.open_unit(top, top) < 1.0


def test_arrays_equal_scalars_in_any_order() -> None:
    agents = np.array([5, 3, 2**40, 0, 3], dtype=np.int64)
    values = draws.uniforms(7, Stream.HOME, agents, 2)
    assert values.tolist() == [draws.uniform(7, int(Stream.HOME), int(a), 2) for a in agents]
    assert np.array_equal(values[::-1], draws.uniforms(7, Stream.HOME, agents[::-1], 2))
    assert np.array_equal(values, randomness.uniform(7, Stream.HOME, agents, 2))
    assert draws.normals(7, Stream.HOME, agents, 2)[1] == draws.normal(7, int(Stream.HOME), 3, 2)


def test_arrays_refuse_floats() -> None:
    with pytest.raises(ValueError, match="integer array"):
        draws.uniforms(1, 1, np.array([0.5]))


def test_numbers_are_uniform_gumbel_and_normal() -> None:
    agents = np.arange(50_000)
    u = draws.uniforms(1, Stream.PLAN, agents)
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert stats.kstest(randomness.gumbel(1, Stream.PLAN, agents, 0), "gumbel_r").pvalue > 1e-3
    assert stats.kstest(draws.normals(1, Stream.PLAN, agents), "norm").pvalue > 1e-3


@pytest.mark.parametrize(
    "other", [(2, Stream.PLAN, 0, 0), (1, Stream.HOME, 0, 0), (1, Stream.PLAN, 1, 0), (1, Stream.PLAN, 0, 1)]
)
def test_neighbouring_addresses_are_independent(other: tuple[int, int, int, int]) -> None:
    """Correlation with the draw at a neighbouring seed, stream, agent or draw stays within four standard errors."""
    agents = np.arange(50_000)
    seed, stream, shift, draw = other
    first = draws.uniforms(1, Stream.PLAN, agents, 0)
    second = draws.uniforms(seed, stream, agents + shift, draw)
    assert abs(np.corrcoef(first, second)[0, 1]) < 4.0 / np.sqrt(agents.size)
    cells = np.histogram2d(first, second, bins=8, range=((0, 1), (0, 1)))[0].ravel()
    assert stats.chisquare(cells).pvalue > 1e-4


def test_streams_have_distinct_values() -> None:
    assert len({s.value for s in Stream}) == len(Stream.__members__)
