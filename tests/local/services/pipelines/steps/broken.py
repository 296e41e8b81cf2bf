"""Says much, then fails."""

import sys

for number in range(2000):
    sys.stdout.write(f"line {number}\n")
raise RuntimeError("the data has no rows")
