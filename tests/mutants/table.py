"""The results of tests/mutants/run as a table, the totals, and the verdict on all of them."""
import re

KILLED_SHARE_MIN = 0.95
BEGIN, END = "<!-- results: written by tests/mutants/run --record -->", "<!-- end of results -->"


def cell(text):
    return text.replace("|", "\\|")


def listed(found):
    return "\n".join(f"{m.name:44} {'named' if m.named else 'more':6} {m.rule}" for m in found)


def verdict(mutant, result):
    if result["error"]:
        return "ERROR: " + result["error"]
    if not result["killed"]:
        return "survives" + (", as it must: equivalent" if mutant.equivalent else "")
    seeds = f", simulator: seed {result['seeds'] - 1}" if result["seeds"] else ""
    return "killed by " + result["killed"] + seeds


def seeds_cell(result):
    if result["seeds"]:
        return f"{result['seeds']} ({result['found'].removeprefix('simulator: ')})"
    if result["sim"]:
        seeds = re.findall(r"(\d+) seeds", result["sim"])
        return "none in " + " + ".join(seeds)
    return ""


def rows(found, results):
    lines = ["| mutant | what it breaks | rule | killed by | seeds of the simulator | s |", "| - | - | - | - | - | -: |"]
    for mutant in found:
        result = results.get(mutant.name)
        if result is None:
            lines.append(f"| `{mutant.name}` | {cell(mutant.breaks)} | {cell(mutant.rule)} | not run yet | | |")
            continue
        killed = result["killed"] or ("equivalent" if mutant.equivalent and not result["error"] else
                                      "ERROR: " + result["error"] if result["error"] else "SURVIVES")
        lines.append(f"| `{mutant.name}` | {cell(mutant.breaks)} | {cell(mutant.rule)} | {cell(killed)} | "
                     f"{seeds_cell(result)} | {result['seconds']:.0f} |")
    return lines


def count(found, results):
    """(killed, to be killed, of the named: killed, all, equivalent, errors, not run)"""
    killed = wanted = named_killed = named = equivalent = errors = missing = 0
    for mutant in found:
        result = results.get(mutant.name)
        named += mutant.named
        if result is None:
            missing += 1
            continue
        if result["error"]:
            errors += 1
            continue
        if mutant.equivalent and not result["killed"]:
            equivalent += 1
            continue
        wanted += 1
        killed += bool(result["killed"])
        named_killed += bool(mutant.named and result["killed"])
    return killed, wanted, named_killed, named, equivalent, errors, missing


def totals(found, results):
    killed, wanted, named_killed, named, equivalent, errors, missing = count(found, results)
    share = 100 * killed / wanted if wanted else 0
    return (f"{killed} of {wanted} killed ({share:.1f} %), of the named ones {named_killed} of {named}; "
            f"{equivalent} equivalent; {errors} errors; {missing} not run yet.")


def markdown(found, results):
    return "\n".join(rows(found, results)) + "\n\n" + totals(found, results)


def record(path, found, results):
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    have = [results[m.name] for m in found if m.name in results]
    when = f"Run on {' and '.join(sorted({r['date'] for r in have}))}."
    path.write_text(f"{before}{BEGIN}\n{when} {totals(found, results)}\n\n" + "\n".join(rows(found, results)) +
                    f"\n{END}{after}", encoding="utf-8")


def exit_status(found, results):
    killed, wanted, named_killed, named, _, errors, missing = count(found, results)
    if errors or missing:
        return 2
    wrong = [m for m in found if m.equivalent and results[m.name]["killed"]]
    return 0 if not wrong and named_killed == named and killed >= KILLED_SHARE_MIN * wanted else 1
