#!/usr/bin/env python3
"""C++ is laid out as .clang-format says. Only where clang-format is installed: it is a tool for contributors, which
./test does not install."""
import shutil
import subprocess
import sys

from lint import CPP, ROOT, Report, files_below, sample_tree


def unformatted(tool, files):
    if not files:
        return []
    command = [tool, f"--style=file:{ROOT / '.clang-format'}", "--dry-run", "--ferror-limit=1", *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = sorted({line.split(": ")[0] for line in run.stderr.splitlines() if "[-Wclang-format-violations]" in line})
    if run.returncode and not found:
        found = run.stderr.splitlines()
    return [f"{where}: not as clang-format lays it out; run clang-format -i on it" for where in found]


def main():
    report = Report("format")
    tool = shutil.which("clang-format")
    if not tool:
        print("  skipped  format: clang-format is not installed")
        return 0
    with sample_tree({"bad.cc": "int  x ;\n", "good.cc": "int x;\n"}) as folder:
        found = unformatted(tool, files_below(folder, ".", CPP))
        report.expect("a file out of shape is found", ["bad.cc:1:"], found)
    files = [path for folder in ("src", "tests", "bench", "fuzz") for path in files_below(ROOT, folder, CPP)]
    report.check("src, tests, bench and fuzz are as .clang-format says",
                 [line.replace(f"{ROOT}/", "") for line in unformatted(tool, files)])
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
