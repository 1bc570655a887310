"""Travel: how long and how much, by mode, place and time of day."""
