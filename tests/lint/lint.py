"""What the lints share: a result printed like a test, the files to read, and C++ text without comments and strings.

Each lint is a program of its own: it first proves on small bad samples that it can fail, then reads the tree.
It prints one `passed`/`FAILED` line a check and exits 1 if one failed; ./test counts these lines.
"""
import pathlib
import re
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CPP = {".cc", ".h"}


class Report:
    def __init__(self, lint):
        self.lint = lint
        self.failed = 0

    def check(self, name, breaches):
        """`breaches` is a list of lines, each `file:line: what is wrong; what to do instead`."""
        print(f"  {'FAILED' if breaches else 'passed'}  {self.lint}: {name}")
        for breach in breaches:
            print(f"      {breach}")
        self.failed += bool(breaches)

    def expect(self, name, wanted, breaches):
        """A self-test: each wanted text stands in a breach of its own, and there is no breach besides."""
        wrong = [f"the bad sample did not give: {text}" for text in wanted if not any(text in b for b in breaches)]
        if len(breaches) != len(wanted):
            wrong.append(f"expected {len(wanted)} breaches, got {len(breaches)}:")
            wrong += [f"    {b}" for b in breaches]
        self.check(f"self-test, {name}", wrong)

    def exit_code(self):
        return 1 if self.failed else 0


def sample_tree(files):
    """A folder with the given files, for self-tests; keep the returned object as long as the folder is needed."""
    folder = tempfile.TemporaryDirectory(prefix="tieline-lint-")
    for name, text in files.items():
        path = pathlib.Path(folder.name) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def files_below(root, folder, suffixes=None):
    base = pathlib.Path(root) / folder
    skipped = {"build", "target", "node_modules", "__pycache__", ".git"}
    found = []
    for path in sorted(base.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not skipped.intersection(inside.parts) and (suffixes is None or path.suffix in suffixes):
            found.append(path)
    return found


TOKEN = re.compile(
    r"""(?P<raw>R"(?P<delim>[^()\\\s]{0,16})\(.*?\)(?P=delim)")"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<char>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*')"""
    r"""|(?P<line>//[^\n]*)"""
    r"""|(?P<block>/\*.*?\*/)""",
    re.DOTALL,
)


def strip_cpp(text, strings=True):
    """The same text, line for line, with comments blanked, and string and character contents too if `strings`."""

    def blank(match):
        whole = match.group(0)
        if match.lastgroup in ("line", "block"):
            return re.sub(r"[^\n]", " ", whole)
        if not strings:
            return whole
        return '"' + re.sub(r"[^\n]", " ", whole[1:-1]) + '"'

    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
