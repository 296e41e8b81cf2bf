"""What a fleet of many models costs: reading its file, and training it when data arrive."""
