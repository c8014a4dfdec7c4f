#!/usr/bin/env python3
"""The readings in data/ are what tools/make_data.py makes from the published originals, and the demo's participants can
hold them: every meter has one owner, and no reading is above its owner's capacity."""
import csv
import json
import pathlib
import sys

from lint import ROOT, Report, sample_tree

sys.path.insert(0, str(ROOT / "tools"))
import make_data  # noqa: E402

ROLES = {"plant", "grid", "distributor", "user", "regulator"}


def owners(participants):
    breaches, owner = [], {}
    for number, entry in enumerate(participants):
        name = entry.get("name", f"entry {number}")
        if entry.get("role") not in ROLES:
            breaches.append(f"data/participants.json: {name}: role {entry.get('role')}; one of {', '.join(sorted(ROLES))}")
        for meter in entry.get("meters", []):
            if meter in owner:
                breaches.append(f"data/participants.json: {meter} belongs to {owner[meter]['name']} and to {name}")
            owner[meter] = entry
    return owner, breaches


def capacity_breaches(name, text, owner):
    breaches = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), 2):
        entry = owner.get(row["meter"])
        if entry is None:
            breaches.append(f"data/{name}:{number}: meter {row['meter']} has no owner in data/participants.json")
        elif int(row["wh"]) * 3600 > entry["capacity_w"] * int(row["seconds"]):
            breaches.append(f"data/{name}:{number}: {row['wh']} Wh is above {entry['name']}'s {entry['capacity_w']} W")
        if breaches:
            break
    return breaches


def self_test(report):
    with sample_tree({"pv-1.csv": "meter,obis\nchanged by hand\n"}) as folder:
        found = make_data.differences({"pv-1.csv": "meter,obis\nmade\n", "gone.csv": "a\n"}, pathlib.Path(folder))
        report.expect("a changed and a missing file are found", ["data/pv-1.csv:2:", "data/gone.csv:1:"], found)
    owner, found = owners([{"name": "a", "role": "plant", "meters": ["m"], "capacity_w": 4},
                           {"name": "b", "role": "king", "meters": ["m"], "capacity_w": 4}])
    report.expect("a wrong role and a meter with two owners are found", ["b: role king", "m belongs to a and to b"], found)
    head = "meter,obis,start,seconds,wh,quality\n"
    report.expect("a reading above the capacity is found", ["x:3: 2 Wh is above b's 4 W"],
                  capacity_breaches("x", head + "m,o,s,900,1,q\nm,o,s,900,2,q\n", owner))
    report.expect("a meter without an owner is found", ["x:2: meter q has no owner"],
                  capacity_breaches("x", head + "q,o,s,900,1,q\n", owner))


def main():
    report = Report("data")
    self_test(report)
    made = make_data.make(ROOT / "data" / "original")
    report.check("the committed readings equal what tools/make_data.py makes",
                 make_data.differences(made, ROOT / "data"))
    owner, found = owners(json.loads((ROOT / "data" / "participants.json").read_text(encoding="utf-8")))
    for name, text in made.items():
        found += capacity_breaches(name, text, owner)
    report.check("the demo's participants can hold the readings", found)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
