"""Metrics, baselines and gates."""
