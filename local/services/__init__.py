"""The outside world of the local run: each service a real process, spoken to over its real protocol."""
