"""Policies as data: lever kinds in code, measures and national policy in TOML, and what follows from them in a year."""
