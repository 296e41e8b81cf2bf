"""All that the Functions host calls; each file is one Blueprint."""
