"""What builds a pack from OpenStreetMap, GTFS and a table of zones: ``zemsim region build``."""
