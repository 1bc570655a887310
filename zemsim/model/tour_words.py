"""One tour in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zemsim.core.names import Alternative, Purpose

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan


def describe_tour(plan: DayPlan, tour: int) -> dict[str, Any]:
    """One tour in words."""
    row = plan.tours.iloc[tour]
    chosen = int(plan.alternative[tour])
    return {
        "purpose": Purpose(int(row["purpose"])).name.lower(),
        "origin_zone_idx": int(row["origin_zone_idx"]),
        "dest_zone_idx": int(plan.columns.dest[tour]),
        "road_km": float(plan.columns.road_km[tour]),
        "depart_min": int(row["depart_min"]),
        "leave_min": int(row["leave_min"]),
        "vehicle": int(plan.columns.vehicle[tour]),
        "choice": Alternative(chosen).name.lower() if chosen >= 0 else None,
    }
