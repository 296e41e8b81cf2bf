"""Blobs and tables behind Protocols."""
