"""Durable entities.

The SDK wants their classes when the app is registered, so each imports its logic inside its methods.
"""
