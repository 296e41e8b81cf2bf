"""Stand-ins for services that no laptop has."""
