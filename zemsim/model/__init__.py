"""The Mesa model: residents, households, stations, operators, municipalities, and the ordered day and year."""
