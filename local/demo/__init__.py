"""`make demo`: raw data to released models, watched live; every figure is read back from where it is kept."""
