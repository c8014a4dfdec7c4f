#!/usr/bin/env python3
"""Writes src/standing/sigmoid_table.inc: 1 / (1 + e^-x) at x = 0, 1/64 .. 8, in Q16.16. --check compares instead."""
import pathlib
import sys
from decimal import Decimal, getcontext

getcontext().prec = 40
POINTS, STEPS_PER_ONE, ONE = 513, 64, 65536
TABLE = pathlib.Path(__file__).resolve().parents[2] / "src" / "standing" / "sigmoid_table.inc"


def table():
    values = []
    for k in range(POINTS):
        x = Decimal(k) / STEPS_PER_ONE
        values.append(int((ONE / (1 + (-x).exp())).to_integral_value()))
    lines = ["// Written by tests/standing/make_tables.py."]
    for i in range(0, POINTS, 16):
        lines.append(" ".join(f"{v}," for v in values[i:i + 16]))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        if TABLE.read_text() != table():
            sys.exit(f"{TABLE} is not what this script writes")
    else:
        TABLE.write_text(table())
