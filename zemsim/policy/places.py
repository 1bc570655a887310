"""Names of places in measures, and the zones that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from zemsim.core.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import numpy.typing as npt

    from zemsim.region import Region

#: The word for all of the region.
EVERYWHERE = "everywhere"


class Places:
    """Which zones a name means: a municipality, a settlement (name or id), a zone id, or ``everywhere``.

    Where a municipality and a settlement share a name, the municipality wins; two settlements of one name must be given
    by their ids. Gates have no residents and are meant by their zone ids only.

    Parameters
    ----------
    region : Region
        The region.
    """

    def __init__(self, region: Region) -> None:
        zones = region.zones
        populated = (zones["kind"] == "populated").to_numpy()
        self.size = len(zones)
        self._masks: dict[str, npt.NDArray[np.bool_]] = {EVERYWHERE: populated}
        self._twins: dict[str, list[str]] = {}
        for position, zone_id in enumerate(zones["zone_id"].astype(str)):
            mask = np.zeros(self.size, dtype=bool)
            mask[position] = True
            self._masks[zone_id] = mask
        self._add_settlements(region, populated)
        for name in sorted(set(zones["municipality"][populated].astype(str))):
            self._masks[name] = populated & (zones["municipality"].astype(str) == name).to_numpy()

    def _add_settlements(self, region: Region, populated: npt.NDArray[np.bool_]) -> None:
        ids_by_name: dict[str, list[str]] = {}
        home = region.zones["settlement_id"].astype(str).to_numpy()
        for settlement_id, name in zip(region.settlements["settlement_id"], region.settlements["name"], strict=True):
            self._masks[str(settlement_id)] = populated & (home == str(settlement_id))
            ids_by_name.setdefault(str(name), []).append(str(settlement_id))
        for name, ids in ids_by_name.items():
            if len(ids) == 1:
                self._masks[name] = self._masks[ids[0]]
            else:
                self._twins[name] = sorted(ids)

    def fault(self, name: str) -> str | None:
        """Return what is wrong with a name, or None."""
        if name in self._masks:
            return None
        if name in self._twins:
            return f"“{name}” means several settlements: use one of {', '.join(self._twins[name])}"
        return f"unknown place “{name}”: {did_you_mean(name, [*self._masks, *self._twins], 'known places')}"

    def zones(self, names: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Return the zones of all ``names`` together, bool [Z]; no name means everywhere.

        Raises
        ------
        InputError
            For an unknown name, with the nearest known one.
        """
        names = list(names)
        mask: npt.NDArray[np.bool_] = np.zeros(self.size, dtype=bool)
        for name in names or [EVERYWHERE]:
            fault = self.fault(name)
            if fault is not None:
                raise InputError(fault)
            mask |= self._masks[name]
        return mask
