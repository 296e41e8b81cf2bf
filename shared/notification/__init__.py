"""Telling people outside of Signalbox: one message, and the channels that take it."""
