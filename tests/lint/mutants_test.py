#!/usr/bin/env python3
"""Every mutant in tests/mutants/ still applies to the tree, says what it breaks and who kills it, and docs/mutants.md
has recorded what became of it. Whether it is killed, `tests/mutants/run` finds out: that takes an hour, this a second."""
import re
import sys

from lint import ROOT, Report, sample_tree

sys.path.insert(0, str(ROOT / "tests" / "mutants"))
import mutants  # noqa: E402

NAMED_MIN = 20  # "Mutants that a test suite must kill" of the design
MORE_MIN = 30
HEAD = "Breaks: b\nRule: r\nList: more\nTests: a_test\n"


def breaches_in(found, root, where):
    breaches = []
    for mutant in found:
        inside = f"{where}/{mutant.path.name}:1"
        breaches += [f"{inside}: {problem}; see docs/mutants.md" for problem in mutant.problems]
        if not mutant.problems and (why := mutants.apply(root, mutant.path, check=True)):
            breaches.append(f"{inside}: does not apply any more ({why}); make the same change to the code as it is now")
    return breaches


def unknown_tests(found, root):
    known = set()
    for path in (root / "tests").glob("*/CMakeLists.txt"):
        known.update(re.findall(r"(?:tieline_test\(|add_test\(NAME )(\w+)", path.read_text(encoding="utf-8")))
    return [f"tests/mutants/{m.path.name}:1: there is no test {test}; name one of ctest's" for m in found
            for test in m.tests if test not in known]


def unrecorded(found, text):
    recorded = set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE))
    names = {m.name for m in found}
    return ([f"docs/mutants.md:1: nothing recorded of {name}; tests/mutants/run --only '{name}' --record"
             for name in sorted(names - recorded)] +
            [f"docs/mutants.md:1: {name} is recorded and is no mutant; tests/mutants/run --only none --record"
             for name in sorted(recorded - names)])


def self_test(report):
    def diff(line):
        return f"diff --git a/src/a.cc b/src/a.cc\n--- a/src/a.cc\n+++ b/src/a.cc\n@@ -1 +1 @@\n-{line}\n+int b;\n"

    with sample_tree({
        "src/a.cc": "int a;\n",
        "tests/a/CMakeLists.txt": "tieline_test(a_test DEPENDS a)\n",
        "tests/mutants/01-good.patch": HEAD + diff("int a;"),
        "tests/mutants/02-gone.patch": HEAD + diff("int c;"),
        "tests/mutants/03-silent.patch": "Breaks: b\nList: more\nTests: none\n" + diff("int a;"),
        "tests/mutants/04-other.patch": HEAD.replace("a_test", "z_test") + diff("int a;"),
    }) as folder:
        root = type(ROOT)(folder)
        found = mutants.load(root / "tests" / "mutants")
        report.expect("patches that do not apply or say nothing are found",
                      ["02-gone.patch:1: does not apply any more", "03-silent.patch:1: no Rule:",
                       "03-silent.patch:1: nothing is said to kill it"], breaches_in(found, root, "tests/mutants"))
        report.expect("a test that does not exist is found", ["04-other.patch:1: there is no test z_test"],
                      unknown_tests(found, root))
        report.expect("what is not recorded is found", ["nothing recorded of 03-silent", "05-old is recorded"],
                      unrecorded(found, "| `01-good` |\n| `02-gone` |\n| `04-other` |\n| `05-old` |\n"))


def main():
    report = Report("mutants")
    self_test(report)
    found = mutants.load(ROOT / "tests" / "mutants")
    report.check("every patch applies and has its header", breaches_in(found, ROOT, "tests/mutants"))
    report.check("the tests that it names exist", unknown_tests(found, ROOT))
    named = sum(m.named for m in found)
    few = [] if named >= NAMED_MIN and len(found) - named >= MORE_MIN else [
        f"tests/mutants:1: {named} named and {len(found) - named} more; at least {NAMED_MIN} and {MORE_MIN}"]
    report.check("there are enough of them", few)
    report.check("each is recorded in docs/mutants.md",
                 unrecorded(found, (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")))
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
