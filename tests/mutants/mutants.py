"""What a mutant is: one patch of a line or three that breaks one rule, under a header that says which. See docs/mutants.md.

The header are the lines before the diff, `Key: text`, longer texts indented on the lines after:
  Breaks:      what the program does wrong now
  Rule:        where the rule stands that it breaks
  List:        `named` (those that the design of the consensus demands) or `more`
  Tests:       ctest names, cheapest first, that are expected to kill it; `none` if only the simulator can
  Sim:         arguments of `tieline sim` (without seeds); any number of these lines
  Equivalent:  where it is shown that nobody can tell the mutant from the program; only then it may survive
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

KEYS = {"Breaks", "Rule", "List", "Tests", "Sim", "Equivalent"}
NEEDED = ["Breaks", "Rule", "List", "Tests"]
CHANGED_LINES_MAX = 6  # removed and added together: small, so that it survives what changes around it


class Mutant:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = self.path.stem
        text = self.path.read_text(encoding="utf-8")
        head, _, diff = text.partition("diff --git ")
        self.problems = []
        self.fields = self._read_header(head)
        self.breaks = " ".join(self.fields.get("Breaks", []))
        self.rule = " ".join(self.fields.get("Rule", []))
        self.named = self.fields.get("List", [""])[0] == "named"
        tests = ", ".join(self.fields.get("Tests", []))
        self.tests = [] if tests == "none" else [test.strip() for test in tests.split(",") if test.strip()]
        self.sims = self.fields.get("Sim", [])
        self.equivalent = " ".join(self.fields.get("Equivalent", []))
        self.files = re.findall(r"^\+\+\+ b/(\S+)$", diff, re.MULTILINE)
        self.changed = [line for line in diff.split("\n") if re.match(r"[+-](?!\+\+ |-- )", line)]
        # A result is of this change and of no other, wherever in its file it stands by now.
        self.digest = hashlib.sha256("\n".join([*self.files, *self.changed]).encode()).hexdigest()[:16]
        self._judge()

    def _read_header(self, head):
        fields, key = {}, None
        for line in head.split("\n"):
            if re.match(r"\s+\S", line) and key:
                fields[key][-1] += " " + line.strip()
            elif match := re.match(r"(\w+):\s+(.*\S)", line):
                key = match.group(1)
                fields.setdefault(key, []).append(match.group(2))
            elif line.strip():
                self.problems.append(f"'{line.strip()}' is no `Key: text`")
        return fields

    def _judge(self):
        self.problems += [f"no {key}:" for key in NEEDED if key not in self.fields]
        self.problems += [f"{key}: is no key" for key in self.fields if key not in KEYS]
        if self.fields.get("List", ["named"])[0] not in ("named", "more"):
            self.problems.append("List: is `named` or `more`")
        if not self.tests and not self.sims and not self.equivalent:
            self.problems.append("nothing is said to kill it")
        if not self.files or not self.changed:
            self.problems.append("no diff")
        if any(not file.startswith("src/") for file in self.files):
            self.problems.append("it changes more than src/")
        if len(self.changed) > CHANGED_LINES_MAX:
            self.problems.append(f"{len(self.changed)} changed lines, at most {CHANGED_LINES_MAX}")


def load(folder):
    def number(path):
        digits = path.name.split("-")[0]
        return int(digits) if digits.isdigit() else 0, path.name

    return [Mutant(path) for path in sorted(pathlib.Path(folder).glob("*.patch"), key=number)]


def apply_command(root, patch, check):
    """git where there is one, else patch: a tree need not be a repository."""
    if shutil.which("git"):
        return ["git", "apply", *(["--check"] if check else []), str(patch)]
    return ["patch", "-p1", "--silent", "--forward", "--fuzz=0", *(["--dry-run"] if check else []), "-d", str(root),
            "-i", str(patch)]


def apply(root, patch, check=False):
    """None, or why the patch does not apply to the tree at `root`."""
    root, patch = pathlib.Path(root).resolve(), pathlib.Path(patch).resolve()
    ceiling = dict(os.environ, GIT_CEILING_DIRECTORIES=str(root.parent))  # never the repository around the tree
    done = subprocess.run(apply_command(root, patch, check), cwd=root, env=ceiling, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    said = (done.stderr + done.stdout).strip().split("\n")
    return said[0] or f"exit status {done.returncode}"
