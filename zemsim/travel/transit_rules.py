"""Rules of journeys by public transport: walking, changing, and which departures count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class TransitRules:
    """Walking, changing, and which departures count; the defaults are those of ``assumptions/timetable.csv``."""

    transit_min_transfer_s: float = 120.0
    transit_transfer_walk_m: float = 600.0
    transit_walk_speed_km_h: float = 4.8
    transit_walk_detour_ratio: float = 1.3
    transit_access_bus_m: float = 3000.0
    transit_access_train_m: float = 5000.0
    transit_transfer_penalty_min: float = 5.0
    transit_slow_ratio: float = 1.5
    transit_slow_extra_min: float = 20.0
    transit_day_slow_ratio: float = 2.0
    transit_day_slow_extra_min: float = 60.0
    transit_max_boardings: float = 4.0

    @classmethod
    def from_assumptions(cls, assumption: Callable[[str], float]) -> TransitRules:
        """Take the rules from ``region.assumption`` (keys are the field names)."""
        return cls(**{item.name: float(assumption(item.name)) for item in fields(cls)})

    @property
    def walk_s_per_m(self) -> float:
        """Seconds of walking per metre of straight line."""
        return self.transit_walk_detour_ratio * 3.6 / self.transit_walk_speed_km_h
