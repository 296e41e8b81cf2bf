"""Uploaded, never run."""
