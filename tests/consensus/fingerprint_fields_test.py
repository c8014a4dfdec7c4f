#!/usr/bin/env python3
"""Every member of Kernel, of the ChainedEngine below it and of ConfirmPool is written by its fingerprint, or named there with the reason why not: the
explorer merges what has one fingerprint, so a forgotten member would hide behaviour."""
import pathlib
import re
import sys

KERNEL = pathlib.Path(__file__).resolve().parents[2] / "src" / "consensus" / "kernel"
MEMBER = re.compile(r"^  (?:mutable )?[A-Za-z_][\w:<>,*&() ]*?[\w>*&] (\w+_)(?:\{[^;]*\}| = [^;]*)?;", re.MULTILINE)


def members(header, class_name):
    body = header.split(f"class {class_name} ")[-1].split("\n};")[0]
    return MEMBER.findall(re.sub(r"//.*", "", body))


def forgotten(header, class_name, source):
    """Members of the class that the source does not name."""
    return [name for name in members(header, class_name) if not re.search(rf"\b{name}(?!\w)", source)]


def function(source, name):
    at = source.index(name)
    return source[at:source.index("\n}\n", at)]


def main():
    failed = 0

    def expect(what, holds):
        nonlocal failed
        print(f"  {'passed' if holds else 'FAILED'}  {what}")
        failed += not holds

    kernel_h = (KERNEL / "kernel.h").read_text()
    chained_h = (KERNEL.parent / "chained_engine.h").read_text()
    pool_h = (KERNEL / "confirm_pool.h").read_text()
    listed = (KERNEL / "kernel_fingerprint.cc").read_text()
    pool = function((KERNEL / "confirm_pool.cc").read_text(), "void ConfirmPool::fingerprint")
    for header, name, least, known in ((kernel_h, "Kernel final", 35, "leaders_"),
                                       (chained_h, "ChainedEngine", 20, "timers_")):
        found = members(header, name)
        expect(f"the members of {name} are read ({len(found)})", len(found) > least and known in found)
        expect(f"every member of {name} stands in the fingerprint, forgotten: {forgotten(header, name, listed)}",
               not forgotten(header, name, listed))
    expect("every member of ConfirmPool stands in its fingerprint",
           members(pool_h, "ConfirmPool") == ["slots_", "member_slots_"] and not forgotten(pool_h, "ConfirmPool", pool))
    grown = kernel_h.replace("  uint64_t ticket_ = 0;", "  uint64_t ticket_ = 0;\n  std::map<View, bool> added_later_;")
    expect("a new member that is not listed is noticed", forgotten(grown, "Kernel final", listed) == ["added_later_"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
