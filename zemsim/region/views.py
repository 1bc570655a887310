"""Parts of a region, by who reads them: the floors above ask for no more, so that tests can make small ones."""

from __future__ import annotations

from typing import Any, Protocol

import pandas as pd

from zemsim.region.roles import Roles


class Zoned(Protocol):
    """What has zones."""

    @property
    def zones(self) -> pd.DataFrame: ...


class Assumed(Zoned, Protocol):
    """What has zones and assumptions."""

    def assumption(self, key: str) -> float: ...


class RoadRegion(Assumed, Protocol):
    """What the road network reads."""

    @property
    def road_nodes(self) -> pd.DataFrame: ...

    @property
    def road_links(self) -> pd.DataFrame: ...


class ActiveRegion(Assumed, Protocol):
    """What the network for walking and cycling reads."""

    @property
    def active_nodes(self) -> pd.DataFrame | None: ...

    @property
    def active_links(self) -> pd.DataFrame | None: ...


class PeopledRegion(Assumed, Protocol):
    """What the population reads."""

    @property
    def roles(self) -> Roles: ...

    def fact(self, fact_id: str) -> float: ...


class MapRegion(Zoned, Protocol):
    """What the map shows."""

    @property
    def chargers(self) -> pd.DataFrame | None: ...

    @property
    def outline(self) -> Any: ...
