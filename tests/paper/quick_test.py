#!/usr/bin/env python3
"""`tieline paper --quick` twice, with other numbers of threads: the same bytes, and rows as the contract says.

    quick_test.py TIELINE FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys

FILES = {"paper.html", "rows.csv", "figures.csv", "bound.csv", "cost.csv", "cost_votes.csv", "costs.csv", "classes.csv", "leader.csv", "malicious.csv",
         "formulas.csv", "views.csv", "latency.csv", "tps.csv", "fig7.csv", "election.csv", "relay.csv", "relay_reach.csv", "bloom.csv", "table3.csv", "table4.csv", "table4_central.csv", "honest.csv", "table5.csv"}
FIELDS = {"id", "claim", "paper", "ours", "holds", "why", "command"}


def run(program, folder, threads):
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run([program, "paper", "--quick", "--out", str(folder), "--threads", str(threads), "--json"],
                          capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(folder)
    return found, files


def main():
    program, base = sys.argv[1], pathlib.Path(sys.argv[2])
    first, one = run(program, base / "one", 1)
    second, two = run(program, base / "two", 2)
    assert set(one) == FILES, sorted(one)
    different = [name for name in FILES if one[name] != two[name]]
    assert not different, f"two runs differ in {different}"
    assert first["rows"] == second["rows"]
    rows = first["rows"]
    assert {row["id"] for row in rows} == {"fig1", "fig2", "bound", "views", "cost", "latency", "tps", "fig7", "election", "relay", "bloom",
                                          "classes", "leader", "malicious", "majority", "formulas", "table3", "table4", "table5"}
    for row in rows:
        assert set(row) == FIELDS, row
        assert all(row.values()), f"an empty field in {row}"
    held = {row["claim"]: row["holds"] for row in rows}
    assert held["cbft (as we run it) bears f = floor((n-1)/3)"] == "yes", held
    printed = [holds for claim, holds in held.items() if claim.startswith("CBFT as printed")]
    assert printed == ["no", "no"], held
    refused = subprocess.run([program, "paper", "--only", "fig9"], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and "bad_id" in refused.stderr, refused.stderr
    print("two runs gave the same bytes:", ", ".join(sorted(one)))


if __name__ == "__main__":
    main()
