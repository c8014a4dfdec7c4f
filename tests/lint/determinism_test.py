#!/usr/bin/env python3
"""All validators must compute the same bits, and the simulator must replay them: what could differ between two machines,
two runs or two libraries is banned from the folders that decide. Each finding says what to use instead.

Escapes, each with its reason on the same line:  // lint: float ok, <reason>     // lint: order ok, <reason>
"""
import pathlib
import re
import sys

from lint import CPP, ROOT, Report, files_below, line_of, sample_tree, strip_cpp

FOLDERS = ["model", "energy", "standing", "ledger", "consensus", "replica", "sim", "explore"]

NO_IO = "the engines do no I/O: return an effect, and let net/ or node/ carry it out"
NO_THREADS = "one thread steps the engine: hand work out as an effect, and take its answer as an input"
NO_CLOCK = "take `Now` from the caller of the step (base/time.h)"
NO_RANDOM = "use the seeded generator and distributions of base/"
BANNED = [
    (r"#\s*include\s*<boost/(?:asio|beast)|\b(?:boost::)?asio::", "asio", NO_IO),
    (r"#\s*include\s*<(?:thread|mutex|shared_mutex|condition_variable|future|stop_token)>", "a threading header", NO_THREADS),
    (r"\bstd::(?:jthread|thread|mutex|shared_mutex|recursive_mutex|condition_variable|async|lock_guard|unique_lock)\b|"
     r"\bthread_local\b", "threads", NO_THREADS),
    (r"#\s*include\s*<rocksdb/|\brocksdb::", "RocksDB", "use the key-value interface of ledger/"),
    (r"_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)", "a clock", NO_CLOCK),
    (r"\brandom_device\b|\bmt19937(?:_64)?\b|\bdefault_random_engine\b|\bs?rand\s*\(", "a generator of its own", NO_RANDOM),
    (r"\bstd::\w+_distribution\b|\bstd::(?:shuffle|random_shuffle|sample)\b", "a std:: distribution or shuffle",
     "they differ between libraries: " + NO_RANDOM),
    (r"\bgetenv\b", "getenv", "take it as a parameter; node/ reads the configuration"),
    (r"\bstd::hash\s*<[^<>;]*\*\s*>|\bstd::(?:multi)?(?:set|map)\s*<[^<>,;]*\*\s*[,>]", "an order or hash by address",
     "addresses differ between runs: key by an id"),
    (r"\b__(?:DATE|TIME|TIMESTAMP)__", "the time of compilation", "take it as a parameter"),
]
BANNED = [(re.compile(pattern), what, instead) for pattern, what, instead in BANNED]
FLOAT = re.compile(r"\b(?:float|double)\b")
FLOAT_OK = re.compile(r"//.*\blint: float ok, \S")
ORDER_OK = re.compile(r"//.*\blint: order ok, \S")
UNORDERED = re.compile(r"\bunordered_(?:flat_|node_)?(?:multi)?(?:map|set)\s*<")
RANGE_FOR = re.compile(r"\bfor\s*\((?:[^;(){}]|\([^()]*\))*?[^:]:(?!:)\s*([^;{}]*?)\)\s*(?=[\w{(*+-])")


def unordered_names(text):
    """Names of variables and members declared as an unordered container, directly or by a local alias."""
    names, types = set(), [m.end() for m in UNORDERED.finditer(text)]
    aliases = set()
    for at in types:
        depth = 1
        end = at
        while end < len(text) and depth:
            depth += {"<": 1, ">": -1}.get(text[end], 0)
            end += 1
        before = text[:at].rsplit(";", 1)[-1].rsplit("}", 1)[-1].rsplit("{", 1)[-1]
        alias = re.search(r"\busing\s+(\w+)\s*=\s*(?:std::|boost::)?\w+\s*<$", before)
        if alias:
            aliases.add(alias.group(1))
            continue
        name = re.match(r"(?:\s*const\b)?[\s&*]*(\w+)\s*[;={,)]", text[end:])
        if name:
            names.add(name.group(1))
    for alias in aliases:
        names.update(re.findall(rf"\b{alias}\b(?:\s*const\b)?[\s&*]+(\w+)\s*[;={{,)]", text))
    return names


def breaches_in(path, inside):
    raw = path.read_text(encoding="utf-8")
    text = strip_cpp(raw)
    raw_lines = raw.split("\n")
    found = {}

    def note(offset, what, instead):
        found.setdefault((line_of(text, offset), what), f"{what}; {instead}")

    for pattern, what, instead in BANNED:
        for match in pattern.finditer(text):
            note(match.start(), what, instead)
    for match in FLOAT.finditer(text):
        if not FLOAT_OK.search(raw_lines[line_of(text, match.start()) - 1]):
            note(match.start(), "floating point", "use integers or fixed point (ppm, Q16); where nothing that validators "
                 "must agree on depends on it: `// lint: float ok, <reason>` on the line")
    names = unordered_names(text)
    header = path.with_suffix(".h")
    if path.suffix == ".cc" and header.exists():
        names |= unordered_names(strip_cpp(header.read_text(encoding="utf-8")))
    loops = [(m.start(), re.search(r"(\w+)\s*$", m.group(1))) for m in RANGE_FOR.finditer(text)]
    loops += [(m.start(), m) for m in re.finditer(r"\b(\w+)\s*\.\s*c?begin\s*\(", text)]
    for at, name in loops:
        if name and name.group(1) in names and not ORDER_OK.search(raw_lines[line_of(text, at) - 1]):
            note(at, f"iteration over the unordered container `{name.group(1)}`",
                 "use std::map or a vector, or sort the keys first; where the order cannot show: "
                 "`// lint: order ok, <reason>` on the line")
    return [f"{inside}:{line}: {said}" for (line, _), said in sorted(found.items())]


def read_tree(root):
    root = pathlib.Path(root)
    return [breach for folder in FOLDERS for path in files_below(root, f"src/{folder}", CPP)
            for breach in breaches_in(path, path.relative_to(root))]


def self_test(report):
    bad = {
        "#include <boost/asio.hpp>": "asio; the engines do no I/O",
        "boost::asio::io_context io;": "asio; ",
        "#include <mutex>": "a threading header; ",
        "std::thread worker;": "threads; one thread steps",
        "rocksdb::DB* db;": "RocksDB; use the key-value interface",
        "auto t = std::chrono::steady_clock::now();": "a clock; take `Now`",
        "auto t = time(nullptr);": "a clock; ",
        "std::random_device entropy;": "a generator of its own; use the seeded",
        "std::mt19937_64 engine(1);": "a generator of its own; ",
        "int x = rand();": "a generator of its own; ",
        "std::uniform_int_distribution<int> dice(1, 6);": "a std:: distribution",
        "std::shuffle(a, b, rng);": "a std:: distribution or shuffle",
        "auto* home = std::getenv(name);": "getenv; take it as a parameter",
        "std::hash<Peer*> hasher;": "an order or hash by address",
        "std::map<const Peer*, int> order;": "an order or hash by address",
        "double share = 0;": "floating point; use integers",
        "float f;  // lint: float ok,": "floating point; ",
    }
    missed = []
    for line, wanted in bad.items():
        with sample_tree({"src/sim/bad.cc": f"// a sample\n{line}\n"}) as root:
            breaches = read_tree(root)
            if len(breaches) != 1 or not breaches[0].startswith("src/sim/bad.cc:2: " + wanted):
                missed.append(f"`{line}`: expected one breach '{wanted}', got {breaches}")
    report.check(f"self-test, {len(bad)} banned words are found", missed)
    with sample_tree({
        "src/ledger/pool.h": "std::unordered_map<Id, std::vector<int>> by_id_;\nusing Seen = std::unordered_set<Id>;\n"
                             "Seen seen_;\nstd::map<Id, int> sorted_;\n",
        "src/ledger/pool.cc": "void f() {\n"
                              "  for (const auto& [id, v] : by_id_) use(v);\n"
                              "  for (auto id : seen_) {\n  }\n"
                              "  auto it = by_id_.begin();\n"
                              "  for (auto& x : self->by_id_) {\n  }\n"
                              "  for (auto id : seen_) n += 1;  // lint: order ok, a sum\n"
                              "  for (auto& [id, v] : sorted_) use(v);\n"
                              "  for (size_t i = 0; i < by_id_.size(); ++i) use(i);\n"
                              "}\n",
    }) as root:
        word = "iteration over the unordered container"
        report.expect("iteration over unordered containers is found", [
            f"pool.cc:2: {word} `by_id_`", f"pool.cc:3: {word} `seen_`", f"pool.cc:5: {word} `by_id_`",
            f"pool.cc:6: {word} `by_id_`"], read_tree(root))
    with sample_tree({
        "src/sim/good.cc": '// a double, std::thread and rand() in a comment\nconst char* s = "float rand()";\n'
                           "double mean;  // lint: float ok, printed only\nint operand(int);\nint x = operand(1);\n"
                           "auto c = '\"'; const auto big = 1'000'000;\n",
        "src/node/main.cc": "#include <thread>\nstd::thread t;\ndouble d;\n",
    }) as root:
        report.expect("comments, strings, escapes and other folders are left alone", [], read_tree(root))


def main():
    report = Report("determinism")
    self_test(report)
    report.check(f"no clock, thread, randomness, float or unordered order in {', '.join(FOLDERS)}", read_tree(ROOT))
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
