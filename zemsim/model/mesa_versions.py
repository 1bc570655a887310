"""The few places where Mesa 3.3 to 3.5 differ, kept in one file."""

from __future__ import annotations

from typing import Any

import mesa

try:
    from mesa.agentset import AgentSet, GroupBy
except ImportError:  # Mesa 3.3
    from mesa.agent import AgentSet, GroupBy

__all__ = ["AgentSet", "GroupBy", "change_type", "forget_model"]


def change_type(agent: mesa.Agent, kind: type[mesa.Agent]) -> None:
    """Make an agent an instance of another class, and let ``model.agents_by_type`` know; it keeps its number."""
    by_type = agent.model.agents_by_type
    before = by_type[type(agent)]
    before.remove(agent)
    agent.__class__ = kind
    if kind in by_type:
        by_type[kind].add(agent)
    else:
        by_type[kind] = type(before)([agent], random=agent.model.random)


def forget_model(model: mesa.Model) -> None:
    """Drop the counter that Mesa before 3.4.2 keeps for every model, and with it the model, for ever."""
    counters: Any = getattr(mesa.Agent, "_ids", None)
    if counters is not None:
        counters.pop(model, None)
