#!/usr/bin/env python3
"""What every text of the house keeps to: no note of unfinished work, no tabs, a newline at the end, files that a reader can
hold in mind, headers that say what they are for, and no character that looks like another or cannot be seen."""
import pathlib
import re
import sys
import unicodedata

from lint import CPP, ROOT, Report, files_below, line_of, sample_tree, strip_cpp

FOLDERS = ["src", "tests", "bench", "fuzz", "tools", "crypto-rs", "cmake", "docs", "web", "spec", "packaging", ".ci"]
FILES = ["CMakeLists.txt", "README.md", "demo", "test"]
CODE = {".cc", ".h", ".rs", ".py", ".sh", ".cmake", ".js", ".css", ".html", ".toml", ".json", ".tla", ""}
TEXT = CODE | {".md", ".txt", ".yml", ".yaml", ".supp"}
LINES_WARN, LINES_MAX = 600, 800
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def texts(root):
    root = pathlib.Path(root)
    found = [root / name for name in FILES if (root / name).is_file()]
    for folder in FOLDERS:
        found += [path for path in files_below(root, folder) if path.suffix in TEXT]
    return found


def odd_characters(text, is_cpp):
    """(offset, what) of characters that mislead: unseen, reordering, or of a script that imitates Latin letters; in C++
    outside comments, anything but ASCII (write it as an escape)."""
    if text.isascii():
        return
    code = strip_cpp(text, strings=False) if is_cpp else text
    for at, char in enumerate(text):
        if char.isascii():
            continue
        name = unicodedata.name(char, f"U+{ord(char):04X}")
        category = unicodedata.category(char)
        if is_cpp and not code[at].isspace():
            yield at, f"{name} in code; write ASCII, or an escape in a string"
        elif category in ("Cf", "Cc", "Co", "Cn", "Zs", "Zl", "Zp"):
            yield at, f"{name}, which cannot be seen; use a plain space or nothing"
        elif category.startswith("L") and not name.startswith(("LATIN", "GREEK", "MICRO", "SUPERSCRIPT", "SUBSCRIPT",
                                                               "DOUBLE-STRUCK", "SCRIPT")):
            yield at, f"{name}, a letter that imitates another; write it in Latin letters"


def breaches_in(path, inside):
    raw = path.read_bytes()
    if b"\0" in raw:
        return [], []
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return [f"{inside}:{raw.count(10, 0, error.start) + 1}: not UTF-8; store it as UTF-8"], []
    found, long_files = [], []
    for match in UNFINISHED.finditer(text):
        found.append((line_of(text, match.start()), f"{match.group(0)}; finish it, or file an issue and say so in prose"))
    if path.suffix in CODE:
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                found.append((number, "a tab; use spaces"))
                break
        found += [(line_of(text, at), what) for at, what in odd_characters(text, path.suffix in CPP)]
    if text and not text.endswith("\n"):
        found.append((text.count("\n") + 1, "no newline at the end; add one"))
    lines = text.count("\n")
    if inside.parts[0] == "src" and path.suffix in CPP and lines > LINES_WARN:
        if lines > LINES_MAX:
            found.append((lines, f"{lines} lines, at most {LINES_MAX}; one idea a file: split it"))
        else:
            long_files.append(f"{inside}: {lines} lines, more than {LINES_WARN}")
    if path.suffix == ".h" and inside.parts[0] == "src":
        said = [line for line in text.split("\n") if line.strip()]
        if "#pragma once" not in said[:200]:
            found.append((1, "no `#pragma once`; add it as the first line"))
        opening = [line for line in said if line.strip() != "#pragma once"][:1]
        if not opening or not re.match(r"(?://|/\*).*\w{2}.*\w{2}", opening[0]):
            found.append((1, "does not start with a comment; say what the header is for (STYLE.md)"))
    return [f"{inside}:{line}: {what}" for line, what in sorted(found)], long_files


def read_tree(root):
    root = pathlib.Path(root)
    breaches, long_files = [], []
    for path in texts(root):
        more, longer = breaches_in(path, path.relative_to(root))
        breaches += more
        long_files += longer
    return breaches, long_files


def self_test(report):
    good = "#pragma once\n// What it is for: nothing \u2014 a sample, 3 \u00b5s.\n"
    with sample_tree({
        "src/a/good.h": good,
        "src/a/bare.h": "int x;\n",
        "src/a/todo.cc": "// TO" "DO later\n",
        "src/a/tab.cc": "int x;\n\tint y;\n",
        "src/a/end.cc": "int x;",
        "src/a/long.cc": "//\n" * (LINES_MAX + 1),
        "src/a/warn.cc": "//\n" * (LINES_WARN + 1),
        "src/a/bytes.cc": b"// \xff\n",
        "src/a/bidi.cc": "int x;  // a\u202eb\n",
        "src/a/cyrillic.cc": "int \u0430;\n",
        "tools/nbsp.py": "x =\u00a01\n",
        "docs/tab.md": "a\ttable\n",
    }) as root:
        breaches, long_files = read_tree(root)
        report.expect("breaches are found", [
            "src/a/bare.h:1: no `#pragma once`", "src/a/bare.h:1: does not start with a comment",
            "src/a/todo.cc:1: TO" "DO; finish it", "src/a/tab.cc:2: a tab", "src/a/end.cc:1: no newline",
            f"src/a/long.cc:{LINES_MAX + 1}: {LINES_MAX + 1} lines", "src/a/bytes.cc:1: not UTF-8",
            "src/a/bidi.cc:1: RIGHT-TO-LEFT OVERRIDE", "src/a/cyrillic.cc:1: CYRILLIC SMALL LETTER A in code",
            "tools/nbsp.py:1: NO-BREAK SPACE"], breaches)
        report.expect("long files are named", ["src/a/warn.cc: 601 lines"], long_files)


def main():
    report = Report("text")
    self_test(report)
    breaches, long_files = read_tree(ROOT)
    report.check("unfinished work, tabs, endings, lengths, headers, characters", breaches)
    for line in long_files:
        print(f"      note: {line}")
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
