"""How links slow down under flow, as the equilibrium sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.equilibrium import Delay, functions_of_flow

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VolumeDelay:
    """Volume-delay functions ``t = t0 * (1 + alpha * (flow / capacity) ** beta)`` of L links.

    Source: Bureau of Public Roads, Traffic Assignment Manual, 1964. Where nothing depends on flow the time is constant:
    ``alpha`` or ``t0`` is 0, ``capacity`` is ``inf``, or ``beta`` is 0 (then it is ``t0 * (1 + alpha)``, for any flow).
    A link whose capacity is 0 while its time does depend on flow is closed.

    Attributes
    ----------
    free_flow : float64 [L]
        ``t0``, zero or more, in the unit of time of the network; ``inf`` closes a link.
    alpha, beta : float64 [L]
        Zero or more, finite.
    capacity : float64 [L]
        Zero or more, in passenger-car units per hour (or whatever the demand is in).
    """

    free_flow: Float
    alpha: Float
    beta: Float
    capacity: Float

    def __post_init__(self) -> None:
        shape = self.free_flow.shape
        for name in ("free_flow", "alpha", "beta", "capacity"):
            values = getattr(self, name)
            finite = name in ("alpha", "beta")
            if values.shape != shape or values.ndim != 1 or values.dtype != np.float64:
                raise ValueError(f"{name} must be a one-dimensional float64 array as long as free_flow")
            wrong = ~(values >= 0) | (finite & ~np.isfinite(values))
            if wrong.any():
                link = int(np.flatnonzero(wrong)[0])
                raise ValueError(f"{name} must be {'finite and ' if finite else ''}zero or more; link {link} differs")

    def closed(self) -> NDArray[np.bool_]:
        """Links that nobody can use, bool [L]."""
        return np.asarray(~np.isfinite(self.free_flow) | (self._delays() & (self.capacity == 0.0)), np.bool_)

    def _delays(self) -> NDArray[np.bool_]:
        """Links whose time depends on flow."""
        rises = (self.alpha > 0) & (self.free_flow > 0) & (self.beta > 0)
        return rises & np.isfinite(self.capacity) & np.isfinite(self.free_flow)

    def terms(self) -> Delay:
        """The same functions in the form of the kernel."""
        delays = self._delays() & (self.capacity > 0)
        constant = np.where((self.beta == 0) & (self.alpha > 0), 1.0 + self.alpha, 1.0)
        per_capacity = np.divide(1.0, self.capacity, out=np.zeros_like(self.capacity), where=delays)
        rise = np.where(delays, self.alpha, 0.0) * np.where(delays, self.free_flow, 0.0)
        base = np.where(self.closed(), np.inf, self.free_flow * constant)
        return Delay(base, rise, per_capacity, np.where(delays, self.beta, 1.0))

    def time(self, flow: Float) -> Float:
        """Time of each link under a flow, float64 [L]; ``inf`` where closed."""
        return self._functions(flow)[0]

    def slope(self, flow: Float) -> Float:
        """Derivative of :meth:`time` by flow, float64 [L].

        For ``beta`` below 1, where it is infinite at no flow, the value at a billionth of the capacity.
        """
        return self._functions(flow)[1]

    def integral(self, flow: Float) -> Float:
        """Integral of :meth:`time` from no flow to ``flow``, float64 [L]; 0 where there is no flow."""
        return self._functions(flow)[2]

    def _functions(self, flow: Float) -> tuple[Float, Float, Float]:
        flow = np.ascontiguousarray(flow, np.float64)
        if flow.shape != self.free_flow.shape or not ((flow >= 0) & np.isfinite(flow)).all():
            raise ValueError(f"flow must be {self.free_flow.size} finite numbers of zero or more")
        time, slope, integral = np.empty_like(flow), np.empty_like(flow), np.empty_like(flow)
        functions_of_flow(self.terms(), flow, time, slope, integral)
        return time, slope, integral
