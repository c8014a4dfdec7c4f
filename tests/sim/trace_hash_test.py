#!/usr/bin/env python3
"""The same seeds are the same runs: twice in one build, and in this build as in the plain one.

    trace_hash_test.py THIS_SIM_BATCH PLAIN_SIM_BATCH

The second comparison is left out where the plain build is this one, or older than the sources (it would show a change
of the code, not of the compiler). tools/trace-hash-builds.sh compares four compilers and optimisations.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCHES = [["cbft", "4", "0", "40"], ["cbft", "7", "500", "8"], ["cbft", "4", "700", "10", "all", "off"]]


def hashes(program):
    found = []
    for batch in BATCHES:
        run = subprocess.run([program, *batch], capture_output=True, text=True)
        match = re.search(r"trace_hash ([0-9a-f]{16})", run.stdout)
        if not match:
            sys.exit(f"{program} {' '.join(batch)}: no trace_hash in: {run.stdout}{run.stderr}")
        found.append(match.group(1))
    return found


def main():
    this, plain = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    mine = hashes(this)
    if hashes(this) != mine:
        sys.exit("one build gives two trace hashes for the same seeds")
    print("again the same:", *mine)
    if plain == this or not plain.exists():
        return
    newest = max(p.stat().st_mtime for folder in ("src", "crypto-rs/src") for p in (ROOT / folder).rglob("*.*"))
    if plain.stat().st_mtime < newest:
        print(f"{plain} is older than the sources: not compared")
        return
    theirs = hashes(plain)
    if theirs != mine:
        sys.exit(f"{plain}: {theirs}\n{this}: {mine}")
    print("the plain build says the same")


main()
