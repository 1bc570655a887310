"""Who pays a reduced fare without any measure: pensioners in the buses of the city that they live in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zemsim.region import Region

#: Key of the assumption: the age from which residents are pensioners.
_AGE_KEY = "fares.pensioner_age_min"


@dataclass(frozen=True)
class Concessions:
    """The most that residents pay for a ride inside their city.

    Attributes
    ----------
    cap_eur : float64 [Z], most that a pensioner of a zone pays for a ride that ends in the same settlement; inf where
        there is no such fare.
    age_min : years from which one is a pensioner; inf where nothing is reduced.
    """

    place: npt.NDArray[np.int64]
    cap_eur: npt.NDArray[np.float64]
    age_min: float

    @classmethod
    def of(cls, region: Region) -> Concessions:
        """Read the roles and prices of a region."""
        settlement = region.zones["settlement_id"].astype(str).to_numpy()
        cap_eur = np.full(len(settlement), np.inf)
        for settlement_id, key in region.roles.pensioner_fares:
            cap_eur[settlement == settlement_id] = region.price(key)
        age_min = float(region.assumption(_AGE_KEY)) if region.roles.pensioner_fares else float("inf")
        return cls(np.unique(settlement, return_inverse=True)[1].astype(np.int64), cap_eur, age_min)

    def most_eur(
        self, origin: npt.NDArray[np.integer], dest: npt.NDArray[np.integer], age: npt.NDArray[np.integer]
    ) -> npt.NDArray[np.float64]:
        """Return the most that each tour pays for a ride by bus, float64 [R], from home zone, destination and age."""
        entitled = (age >= self.age_min) & (self.place[origin] == self.place[dest])
        most: npt.NDArray[np.float64] = np.where(entitled, self.cap_eur[origin], np.inf)
        return most
