"""Pure generators that call activities by name."""
