"""All that the Functions host calls; `index` lists it, and each room is imported at the first call into it."""
