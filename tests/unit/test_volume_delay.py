"""Volume-delay functions: values by hand, their derivative and integral, and links where nothing depends on flow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.equilibrium import Road
from zemsim.travel.volume_delay import VolumeDelay


def one(t0: float, alpha: float, beta: float, capacity: float) -> VolumeDelay:
    return VolumeDelay(*(np.array([float(x)]) for x in (t0, alpha, beta, capacity)))


def flow(x: float) -> np.ndarray:
    return np.array([float(x)])


ordinary = st.tuples(
    st.floats(0.01, 100),
    st.floats(0.01, 10),
    st.sampled_from([1.0, 1.5, 2.0, 4.0, 5.2, 12.0, 40.0]),
    st.floats(1, 5000),
)


def test_values_by_hand() -> None:
    bpr = one(10, 0.15, 4, 1000)
    assert bpr.time(flow(0))[0] == 10
    assert bpr.time(flow(1000))[0] == pytest.approx(11.5)
    assert bpr.time(flow(2000))[0] == pytest.approx(34)
    assert bpr.slope(flow(1000))[0] == pytest.approx(0.006)
    assert bpr.integral(flow(1000))[0] == pytest.approx(10_300)
    assert bpr.integral(flow(0))[0] == 0


@given(ordinary, st.floats(0, 3))
def test_time_is_that_of_the_twin(delay, saturation) -> None:
    road = Road(0, 1, *delay)
    x = saturation * delay[3]
    assert one(*delay).time(flow(x))[0] == pytest.approx(road.time(x), rel=1e-12)


@given(ordinary, st.floats(0, 1.5))
def test_finite_differences_lie_between_the_derivatives_at_their_ends(delay, saturation) -> None:
    bpr, x = one(*delay), saturation * delay[3]
    h = 1e-6 * delay[3]
    low = max(0.0, x - h)
    rise = (bpr.time(flow(x + h))[0] - bpr.time(flow(low))[0]) / (x + h - low)
    slopes = [bpr.slope(flow(at))[0] for at in (low, x, x + h)]
    noise = 1e-15 * bpr.time(flow(x))[0] / h
    assert slopes == sorted(slopes)  # powers of one and above: a convex function
    assert slopes[0] * (1 - 1e-6) - noise <= rise <= slopes[2] * (1 + 1e-6) + noise
    area = (bpr.integral(flow(x + h))[0] - bpr.integral(flow(low))[0]) / (x + h - low)
    assert area == pytest.approx(bpr.time(flow(0.5 * (x + h + low)))[0], rel=1e-6)


@pytest.mark.parametrize(("beta", "slope"), [(1.0, 0.0015), (1.5, 0.0), (4.0, 0.0)])
def test_derivative_without_flow(beta, slope) -> None:
    bpr = one(10, 0.15, beta, 1000)
    assert bpr.slope(flow(0))[0] == pytest.approx(slope)
    assert (bpr.time(flow(1e-9))[0] - bpr.time(flow(0))[0]) / 1e-9 == pytest.approx(slope, abs=1e-6)


def test_a_power_below_one_by_hand() -> None:
    """At a quarter of the capacity: 10 (1 + 0.2 sqrt(1 / 4)), and 10 x 0.2 x 0.5 / 1000 / sqrt(1 / 4) per vehicle."""
    root = one(10, 0.2, 0.5, 1000)
    assert root.time(flow(250))[0] == pytest.approx(11)
    assert root.slope(flow(250))[0] == pytest.approx(0.002)
    assert root.integral(flow(250))[0] == pytest.approx(2500 + 250 / 1.5)


def test_derivative_without_flow_is_finite_for_powers_below_one() -> None:
    assert math.isfinite(one(10, 0.15, 0.5, 1000).slope(flow(0))[0])


@pytest.mark.parametrize(
    ("delay", "time"),
    [
        ((10, 0, 4, 1000), 10),  # alpha 0
        ((10, 0.15, 0, 1000), 11.5),  # power 0: constant, also without flow
        ((10, 0.15, 0, 0), 11.5),
        ((10, 0.15, 4, math.inf), 10),  # no limit
        ((0, 0.15, 4, 1000), 0),  # no time at all
        ((0, 0.15, 4, 0), 0),
        ((10, 0, 4, 0), 10),  # no capacity, and no delay that it could cause
    ],
)
@pytest.mark.parametrize("x", [0.0, 500.0, 5000.0])
def test_links_whose_time_is_constant(delay, time, x) -> None:
    bpr = one(*delay)
    assert bpr.time(flow(x))[0] == pytest.approx(time)
    assert bpr.slope(flow(x))[0] == 0
    assert bpr.integral(flow(x))[0] == pytest.approx(time * x)
    assert not bpr.closed()[0]


@pytest.mark.parametrize("delay", [(10, 0.15, 4, 0), (math.inf, 0.15, 4, 1000), (math.inf, 0, 0, 0)])
def test_closed_links(delay) -> None:
    bpr = one(*delay)
    assert bpr.closed()[0]
    assert bpr.time(flow(0))[0] == math.inf
    assert bpr.slope(flow(0))[0] == 0
    assert bpr.integral(flow(0))[0] == 0


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("bad", [-1.0, math.nan])
def test_numbers_that_make_no_sense_are_refused(position, bad) -> None:
    delay = [10, 0.15, 4, 1000]
    delay[position] = bad
    with pytest.raises(ValueError, match=("free_flow", "alpha", "beta", "capacity")[position]):
        one(*delay)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_flows_that_make_no_sense_are_refused(bad) -> None:
    with pytest.raises(ValueError, match="finite numbers of zero or more"):
        one(10, 0.15, 4, 1000).time(flow(bad))


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="alpha must be"):
        VolumeDelay(np.ones(2), np.ones(3), np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="2 finite numbers"):
        VolumeDelay(np.ones(2), np.ones(2), np.ones(2), np.ones(2)).time(np.ones(3))
