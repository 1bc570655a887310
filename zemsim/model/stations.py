"""Public charging sites of a policy: the region's and those that measures add, and which of them are near each zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.kernels.charging_tables import Stations
from zemsim.model.rows import RowTable
from zemsim.model.tariffs import SiteTariffs, typical_eur_kwh
from zemsim.policy.conditions import Conditions
from zemsim.policy.rules import ExtraSite
from zemsim.region import Region

_NEAR = 4
_FAST_DRIVE_KM = np.inf  # the nearest ones, however far: who must charge drives there
_M_PER_KM = 1000.0


@dataclass(frozen=True)
class Sites:
    """All sites that exist in some year of a policy, region's first; ``site_id`` in that order.

    Attributes
    ----------
    columns : initial columns of the `Station` agents.
    at_m : float64 [V, 2], in the grid of the region; sites of measures in the middle of their zone.
    distance_km : float32 [Z, V], straight line from each zone.
    """

    site_id: tuple[str, ...]
    columns: Mapping[str, npt.NDArray[np.generic]]
    at_m: npt.NDArray[np.float64]
    distance_km: npt.NDArray[np.float32]


def sites_of(region: Region, conditions_of: Mapping[int, Conditions]) -> Sites:
    """The sites of a policy over all its years."""
    extra: dict[str, ExtraSite] = {}
    for year in sorted(conditions_of):
        for site in conditions_of[year].extra_sites:
            extra.setdefault(site.site_id, site)
    return _sites(region, list(extra.values()))


def companies_of(region: Region) -> list[str]:
    """Charger companies of a region in the order of their names; sites without one belong to "unknown"."""
    return sorted(set(region.chargers["operator"].fillna("unknown").astype(str)))


def with_more(sites: Sites, region: Region, more: Sequence[ExtraSite], companies: Sequence[int]) -> Sites:
    """The sites and some more behind them, each of a company (-1 of none)."""
    new = _sites(region, more, own=False)
    first = len(sites.site_id)
    idx = np.arange(first, first + len(more), dtype=np.int32)
    own = dict(new.columns) | {"site_idx": idx, "company_idx": np.array(companies, np.int32)}
    return Sites(
        sites.site_id + new.site_id,
        {name: np.concatenate([values, own[name]]) for name, values in sites.columns.items()},
        np.concatenate([sites.at_m, new.at_m]),
        np.concatenate([sites.distance_km, new.distance_km], axis=1),
    )


def _sites(region: Region, added: Sequence[ExtraSite], own: bool = True) -> Sites:
    """The region's ``own`` sites, if asked for, and those that are added."""
    chargers = region.chargers if own else region.chargers.iloc[:0]
    names = companies_of(region)
    zone_of = dict(zip(region.zones["zone_id"], range(len(region.zones)), strict=True))
    zone_idx = np.array([zone_of[z] for z in chargers["zone_id"]] + [s.zone_idx for s in added], np.int32)
    centre = region.zones[["x_m", "y_m"]].to_numpy(np.float64)
    placed = [centre[s.zone_idx] if s.at_m is None else np.array(s.at_m) for s in added]
    at = np.concatenate([chargers[["x_m", "y_m"]].to_numpy(np.float64), np.array(placed).reshape(-1, 2)])
    span = centre[:, None, :] - at[None, :, :]
    columns = {
        "site_idx": np.arange(len(zone_idx), dtype=np.int32),
        "zone_idx": zone_idx,
        "fast": np.array([kind == "fast" for kind in chargers["kind"]] + [s.kind == "fast" for s in added], np.bool_),
        "points": np.array(chargers["points"].tolist() + [s.points for s in added], np.int32),
        "power_kw": np.array(chargers["power_kw"].tolist() + [s.power_kw for s in added], np.float32),
        "site_kw": np.array(chargers["site_kw"].fillna(np.inf).tolist() + [s.site_kw for s in added], np.float32),
        "price_eur_kwh": np.array(chargers["price_eur_kwh"].tolist() + [s.price_eur_kwh for s in added], np.float32),
    }
    owner = chargers["operator"].fillna("unknown").astype(str)
    columns["company_idx"] = np.array([names.index(name) for name in owner] + [-1] * len(added), np.int32)
    ids = (*chargers["site_id"].astype(str), *(s.site_id for s in added))
    return Sites(ids, columns, at, (np.sqrt((span**2).sum(2)) / _M_PER_KM).astype(np.float32))


def open_sites(table: RowTable, tariffs: SiteTariffs, p: Parameters) -> None:
    """Write into the columns of the stations which are in service in a year, and what a usual session costs."""
    table.open[:] = tariffs.is_open
    power_kw = table.power_kw.astype(np.float64)
    typical = typical_eur_kwh(tariffs, table.fast, power_kw, p)
    table.price_eur_kwh[:] = np.where(tariffs.is_open, typical, np.inf)


def near_zones(sites: Sites, is_open: npt.NDArray[np.bool_], p: Parameters) -> dict[str, npt.NDArray[np.generic]]:
    """The nearest open sites of each zone: rows and minutes there and back, as `Stations` wants them."""
    fast = sites.columns["fast"].astype(np.bool_)
    slow_near, slow_km = _nearest(sites.distance_km, is_open & ~fast, p["charger_walk_km"])
    fast_near, fast_km = _nearest(sites.distance_km, is_open & fast, _FAST_DRIVE_KM)
    both_ways = 2.0 * p["charger_detour_ratio"]
    return {
        "slow_near": slow_near,
        "slow_walk_min": (both_ways * slow_km / p["v_walk"] * 60.0).astype(np.float32),
        "fast_near": fast_near,
        "fast_detour_min": (both_ways * fast_km / p["detour_km_h"] * 60.0).astype(np.float32),
    }


def _nearest(
    distance_km: npt.NDArray[np.float32], usable: npt.NDArray[np.bool_], limit_km: float
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Up to four usable sites within the limit, nearest first; -1 and inf where there are fewer."""
    away = np.where(usable[None, :], distance_km, np.inf)
    order = np.argsort(away, axis=1, kind="stable")[:, :_NEAR]
    km = np.take_along_axis(away, order, axis=1)
    found = km <= limit_km
    near = np.full((len(distance_km), _NEAR), -1, np.int32)
    out_km = np.full((len(distance_km), _NEAR), np.inf, np.float32)
    width = order.shape[1]
    near[:, :width] = np.where(found, order, -1)
    out_km[:, :width] = np.where(found, km, np.inf)
    return near, out_km


def residents_within(region: Region, reach_km: float) -> npt.NDArray[np.float64]:
    """Residents within reach of the centre of each zone, straight line, float64 [Z]."""
    centre = region.zones[["x_m", "y_m"]].to_numpy(np.float64)
    span_x = centre[:, None, 0] - centre[None, :, 0]
    span_y = centre[:, None, 1] - centre[None, :, 1]
    near = span_x * span_x + span_y * span_y <= (reach_km * _M_PER_KM) ** 2
    people: npt.NDArray[np.float64] = near @ region.zones["population"].to_numpy(np.float64)
    return people


def points_within(
    sites: Sites,
    points: npt.NDArray[np.int32],
    is_open: npt.NDArray[np.bool_],
    residents: npt.NDArray[np.float64],
    reach_km: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Public points per 1,000 ``residents`` [Z] within reach of each zone, and whether a fast site is: [Z], [Z]."""
    within = sites.distance_km <= reach_km
    n_points = within @ np.where(is_open, points, 0).astype(np.float64)
    fast = sites.columns["fast"].astype(np.bool_) & is_open
    density = np.divide(1000.0 * n_points, residents, out=np.zeros(len(residents)), where=residents > 0)
    return density, np.asarray(within[:, fast].any(axis=1), np.bool_)


def as_stations(
    columns: Mapping[str, npt.NDArray[np.generic]],
    near: Mapping[str, npt.NDArray[np.generic]],
    place: npt.NDArray[np.int32],
    tariffs: SiteTariffs,
) -> Stations:
    """What the charging kernels read; ``place`` [V] is the municipality of each site."""
    return Stations(
        points=columns["points"],
        power_kw=columns["power_kw"],
        site_kw=columns["site_kw"],
        hour_sums=tariffs.hour_sums,
        eur_min=tariffs.eur_min,
        eur_session=tariffs.eur_session,
        resident_share=tariffs.resident_share,
        place=place,
        wait_min=columns["wait_min"],
        slow_near=near["slow_near"],
        slow_walk_min=near["slow_walk_min"],
        fast_near=near["fast_near"],
        fast_detour_min=near["fast_detour_min"],
    )
