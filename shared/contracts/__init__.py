"""Frozen values that cross a boundary: inbound events, and one `*Input` and result per orchestrator and activity."""
