"""Ground floor: names, errors, notices, units, settings, addressed randomness, fingerprints, atomic writing."""
