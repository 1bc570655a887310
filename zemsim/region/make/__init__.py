"""What makes the built tables of a pack from the facts that it carries: ``python -m zemsim.region.make zemgale``."""
