"""Joins a word and a number into a folder; appends a line to a trace file so that tests can count runs."""

import argparse
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--word", required=True)
parser.add_argument("--number", type=int, required=True)
parser.add_argument("--suffix", default="none")
parser.add_argument("--out", type=Path, required=True)
parser.add_argument("--trace", type=Path, required=True)
arguments = parser.parse_args()
(arguments.out / "nested").mkdir()
text = f"{arguments.word}|{arguments.number}|{arguments.suffix}"
(arguments.out / "nested" / "text.txt").write_text(text)
with arguments.trace.open("a") as stream:
    stream.write("combine\n")
sys.stdout.write(f"combined {text}\n")
