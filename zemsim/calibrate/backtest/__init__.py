"""Back-tests: published natural experiments, repeated in a generic region and held against what was observed."""
