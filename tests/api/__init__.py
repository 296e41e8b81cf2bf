"""The HTTP API: its description, its problems, and that both are true of the running app."""
