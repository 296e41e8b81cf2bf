"""Steps over a whole table, exact in bounded memory: sorted runs go to scratch space, and come back merged."""
