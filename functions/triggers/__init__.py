"""Doors: authenticate, parse, record the delivery, hand on."""
