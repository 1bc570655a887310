"""The few places where Mesa 3.3 to 3.5 differ, kept in one file."""

from __future__ import annotations

from typing import Any

import mesa

try:
    from mesa.agentset import AgentSet, GroupBy
except ImportError:  # Mesa 3.3
    from mesa.agent import AgentSet, GroupBy

__all__ = ["AgentSet", "GroupBy", "forget_model"]


def forget_model(model: mesa.Model) -> None:
    """Drop the counter that Mesa before 3.4.2 keeps for every model, and with it the model, for ever."""
    counters: Any = getattr(mesa.Agent, "_ids", None)
    if counters is not None:
        counters.pop(model, None)
