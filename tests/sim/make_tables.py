#!/usr/bin/env python3
"""Writes src/sim/distribution_tables.inc: inverse distribution functions as integers, so that the simulator draws the
same latencies on every machine without libm. With --check compares instead of writing.

Entry i of 256 is the value at probability (i + 0.5) / 256, in thousandths.
"""
import pathlib
import statistics
import sys

OUT = pathlib.Path(__file__).resolve().parents[2] / "src" / "sim" / "distribution_tables.inc"
STEPS = 256


def table(name, why, values):
    lines = [f"// {why}", f"inline constexpr int32_t {name}[{STEPS}] = {{"]
    for at in range(0, STEPS, 16):
        lines.append("    " + ", ".join(str(v) for v in values[at:at + 16]) + ",")
    lines.append("};")
    return "\n".join(lines)


def main():
    normal = statistics.NormalDist()
    chance = [(i + 0.5) / STEPS for i in range(STEPS)]
    text = "\n".join([
        "// Written by tests/sim/make_tables.py; do not edit.",
        "// clang-format off",
        table("kNormalMilli", "Standard normal: standard deviations from the mean.",
              [round(1000 * normal.inv_cdf(p)) for p in chance]),
        table("kParetoMilli", "Pareto with shape 1.5 and least value 1, cut at 64: most are near 1, one in a hundred is above 20.",
              [round(1000 * (1 - p) ** (-1 / 1.5)) for p in chance]),
        "// clang-format on",
        "",
    ])
    if "--check" in sys.argv:
        if OUT.read_text(encoding="ascii") != text:
            sys.exit(f"{OUT} is not what tests/sim/make_tables.py writes")
        print("distribution tables are as their script writes them")
        return
    OUT.write_text(text, encoding="ascii")


main()
