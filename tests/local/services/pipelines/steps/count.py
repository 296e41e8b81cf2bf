"""Counts the characters of what combine.py wrote, once the gate file is there."""

import sys
import time
from pathlib import Path

folder, gate, trace, report = (Path(argument) for argument in sys.argv[1:])
with trace.open("a") as stream:
    stream.write("count\n")
while not gate.exists():
    time.sleep(0.02)
report.write_text(str(len((folder / "nested" / "text.txt").read_text())))
