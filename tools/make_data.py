#!/usr/bin/env python3
"""Turns the published series in data/original/ into the import CSVs of INTERFACE.md (see data/README.md).

    tools/make_data.py            writes data/pv-1.csv and data/gb-demand.csv
    tools/make_data.py --check    exits 1 if the committed files differ from what this script makes

Rules: powers are averages over the interval that starts at the stamp, so energy = power x length; energy is rounded to
whole Wh, halves away from zero, on the exact decimal figure (no binary floating point). A reading is never negative:
what a plant draws at night is an import (OBIS 1-0:1.8.0), what it feeds in an export (1-0:2.8.0).
"""
import argparse
import csv
import io
import pathlib
import sys
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ["meter", "obis", "start", "seconds", "wh", "quality"]
IMPORT, EXPORT = "1-0:1.8.0", "1-0:2.8.0"


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_spacing(name, stamps, step):
    """The originals have no gap and no repeated interval; a file that has one is not the file we describe."""
    for before, after in zip(stamps, stamps[1:]):
        if after - before != step:
            sys.exit(f"{name}: {before.isoformat()} is followed by {after.isoformat()}, expected {step} later")


def pv(originals):
    """A photovoltaic plant: average W over 15 minutes, the stamp carries its offset."""
    rows = rows_of(originals / "pv_15min_2016.csv")
    check_spacing("pv_15min_2016.csv", [datetime.fromisoformat(r["local_time"]) for r in rows], timedelta(minutes=15))
    for row in rows:
        watt = Decimal(row["ac_power_w"])
        wh = int((abs(watt) / 4).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        yield ["pv-1", IMPORT if watt < 0 else EXPORT, row["local_time"], 900, wh, "measured"]


def gb(originals):
    """National demand: average MW over half an hour, local time without offset. The whole file lies in British Summer
    Time (5 June to 27 August 2000), which is +01:00."""
    rows = rows_of(originals / "gb_demand_halfhourly_2000.csv")
    check_spacing("gb_demand_halfhourly_2000.csv", [datetime.fromisoformat(r["local_time"]) for r in rows],
                  timedelta(minutes=30))
    for row in rows:
        wh = int(row["demand_mw"]) * 1_000_000 // 2
        yield ["gb-demand", IMPORT, row["local_time"] + "+01:00", 1800, wh, "measured"]


def text_of(rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    return out.getvalue()


def make(originals):
    return {"pv-1.csv": text_of(pv(originals)), "gb-demand.csv": text_of(gb(originals))}


def differences(made, folder):
    """Says where a committed file differs from what the script makes, one line a file."""
    found = []
    for name, text in made.items():
        path = folder / name
        have = path.read_bytes() if path.exists() else b""
        want = text.encode()
        if have != want:
            pairs = zip(have.split(b"\n"), want.split(b"\n"))
            line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), min(have.count(b"\n"), want.count(b"\n")) + 1)
            found.append(f"data/{name}:{line}: not what tools/make_data.py makes from data/original/")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    args = parser.parse_args()
    made = make(ROOT / "data" / "original")
    if args.check:
        found = differences(made, ROOT / "data")
        print("\n".join(found) or "data/: equal to what the script makes")
        return 1 if found else 0
    for name, text in made.items():
        (ROOT / "data" / name).write_bytes(text.encode())
        print(f"data/{name}: {text.count(chr(10)) - 1} readings")
    return 0


if __name__ == "__main__":
    sys.exit(main())
