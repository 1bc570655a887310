"""Speed, capacity and surface of links by class, from the assumptions of the pack."""

from __future__ import annotations

from zemsim.region.make.network import LinkKind
from zemsim.region.make.pack import Pack

#: Road classes of the table, best first.
ROAD_CLASSES = ("main", "regional", "local", "street", "connector")


def link_kind(
    pack: Pack,
    name: str,
    road_class: str,
    status: str,
    source: str,
    speed: str,
    capacity: str,
    surface: str = "asphalt",
) -> LinkKind:
    """Return a kind of link; ``speed`` and ``capacity`` are keys below ``roads.speed`` and ``roads.capacity``."""
    return LinkKind(
        name,
        road_class,
        pack.assume(f"roads.speed.{speed}_km_h"),
        pack.assume(f"roads.capacity.{capacity}_veh_h"),
        surface,
        status,
        source,
    )


def state_road(pack: Pack, row: dict[str, str], *, urban: bool) -> LinkKind:
    """Return the kind of a link of a state road, slower where it runs through a town."""
    gravel = row["surface"] == "gravel"
    dual = row["road_class"] == "main" and row["speed_limit_km_h"] == "100"
    speed = "main_dual" if dual else row["road_class"] + ("_gravel" if gravel else "")
    capacity = "local_gravel" if gravel else "main_dual" if dual else row["road_class"]
    if urban:
        speed, capacity = "urban_main", "urban_main"
    return link_kind(
        pack, row["road"], row["road_class"], row["status"], row["source"], speed, capacity, row["surface"]
    )


def settlement_link(pack: Pack, *, gravel: bool) -> LinkKind:
    """Return the kind of a link between neighbouring settlements."""
    key, surface = ("local_gravel", "gravel") if gravel else ("local", "asphalt")
    return link_kind(pack, "", "local", "estimate", "neighbouring settlements", key, key, surface)


def street(pack: Pack) -> LinkKind:
    """Return the kind of a street between adjacent zones of a town or village."""
    return link_kind(pack, "", "street", "estimate", "adjacent zones", "street", "street")


def lane(pack: Pack) -> LinkKind:
    """Return the kind of a local gravel road between adjacent zones of the countryside."""
    return link_kind(pack, "", "local", "estimate", "adjacent zones", "local_gravel", "local_gravel", "gravel")


def connector(pack: Pack) -> LinkKind:
    """Return the kind of the way from the middle of a zone to a road."""
    return link_kind(pack, "", "connector", "estimate", "middle of the zone", "connector", "connector")
