#!/usr/bin/env python3
"""A folder of src/ includes only folders above it in ARCHITECTURE.md's list; siblings never include each other.

The folder graph is compared with docs/include-graph.txt, so that a new edge is seen in review.
    include_graph_test.py             checks
    include_graph_test.py --rewrite   writes docs/include-graph.txt from src/
"""
import pathlib
import re
import sys

from lint import CPP, ROOT, Report, files_below, line_of, sample_tree, strip_cpp

# ARCHITECTURE.md, "Folders, and who may include whom". The same number: siblings.
LEVELS = {
    "base": 1, "crypto": 2, "model": 3, "energy": 4, "standing": 4, "ledger": 5, "consensus": 6, "replica": 7,
    "storage": 8, "net": 8, "sim": 8, "explore": 8, "node": 9, "lab": 9, "paper": 9, "api": 10, "cli": 11,
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


def allowed(folder):
    above = [name for name, level in LEVELS.items() if level < LEVELS[folder]]
    return ", ".join([folder] + above)


def read_graph(root):
    """Returns (edges, breaches): edges maps a folder to the other folders it includes."""
    root = pathlib.Path(root)
    edges, breaches = {}, []
    for path in files_below(root, "src", CPP):
        inside = path.relative_to(root)
        if len(inside.parts) < 3:
            breaches.append(f"{inside}:1: a source directly in src/; put it into one of {', '.join(LEVELS)}")
            continue
        folder = inside.parts[1]
        if folder not in LEVELS:
            breaches.append(f"{inside}:1: folder '{folder}' is not in ARCHITECTURE.md's list")
            continue
        edges.setdefault(folder, set())
        text = strip_cpp(path.read_text(encoding="utf-8"), strings=False)
        for match in INCLUDE.finditer(text):
            where = f"{inside}:{line_of(text, match.start(1))}"
            name = match.group(1)
            target = name.split("/")[0]
            if folder == "crypto" and (root / "crypto-rs" / "include" / name).exists():
                continue  # the C ABI of crypto-rs, which crypto/ alone may see
            if target not in LEVELS or "/" not in name:
                breaches.append(f'{where}: "{name}" does not start with a folder of src/; write "folder/file.h", '
                                "or <...> for a library")
                continue
            if not (root / "src" / name).exists():
                breaches.append(f'{where}: "{name}" is not in src/')
            if target == folder:
                continue
            edges[folder].add(target)
            if LEVELS[target] == LEVELS[folder]:
                breaches.append(f"{where}: {folder}/ includes its sibling {target}/; allowed: {allowed(folder)}")
            elif LEVELS[target] > LEVELS[folder]:
                breaches.append(f"{where}: {folder}/ includes {target}/, which stands below it; "
                                f"allowed: {allowed(folder)}")
    return edges, breaches


def drawn(edges):
    lines = ["# Which folder of src/ includes which. Made by tests/lint/include_graph_test.py --rewrite; do not edit."]
    for folder in LEVELS:
        if folder in edges:
            targets = [name for name in LEVELS if name in edges[folder]]
            lines.append(f"{folder} -> {' '.join(targets) if targets else '(nothing)'}")
    return "\n".join(lines) + "\n"


def compare(root, edges):
    path = pathlib.Path(root) / "docs" / "include-graph.txt"
    have = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    want = drawn(edges).splitlines()
    hint = "rewrite it with tests/lint/include_graph_test.py --rewrite and review the difference"
    lines = [f"docs/include-graph.txt: no longer so: {line}" for line in have if line not in want]
    lines += [f"docs/include-graph.txt: not yet in it: {line}" for line in want if line not in have]
    return lines + [hint] if lines else []


def self_test(report):
    with sample_tree({
        "src/base/a.h": '#pragma once\n// #include "node/node.h" in a comment does not count\n',
        "src/model/b.h": '#include "base/a.h"\n#include "node/n.h"\n',
        "src/storage/s.cc": '#include "base/a.h"\n#include "net/t.h"\n#include <vector>\n',
        "src/net/t.h": '#include "a.h"\n#include "base/gone.h"\n',
        "src/node/n.h": "",
        "src/attic/x.h": "",
        "src/loose.cc": "",
    }) as root:
        edges, breaches = read_graph(root)
        report.expect("breaches are found", [
            "src/model/b.h:2: model/ includes node/, which stands below it; allowed: model, base, crypto",
            "src/storage/s.cc:2: storage/ includes its sibling net/",
            'src/net/t.h:1: "a.h" does not start with a folder',
            'src/net/t.h:2: "base/gone.h" is not in src/',
            "folder 'attic' is not in",
            "src/loose.cc:1: a source directly in src/",
        ], breaches)
        report.expect("a missing drawing is found", ["base -> (nothing)", "model -> base node", "storage -> base net",
                      "net -> base", "node -> (nothing)", "not yet in it: #", "--rewrite"], compare(root, edges))


def main():
    edges, breaches = read_graph(ROOT)
    if "--rewrite" in sys.argv[1:]:
        (ROOT / "docs" / "include-graph.txt").write_text(drawn(edges), encoding="utf-8")
        print("wrote docs/include-graph.txt")
        return 0
    report = Report("include graph")
    self_test(report)
    report.check("no folder includes a sibling or one below it", breaches)
    report.check("docs/include-graph.txt is up to date", compare(ROOT, edges))
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
