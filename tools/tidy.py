#!/usr/bin/env python3
"""House rules a script can check: bans with a named replacement, lengths, leftovers. Prints each violation; ends with 1 if any.

A line that must break a rule says so and why:  // tidy: <rule> <reason>
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX, COLUMNS_MAX, FUNCTION_MAX = 600, 130, 75

# rule, pattern, where it is allowed, what to use instead
BANS = [
    ("clock", r"system_clock::now|\btime\(nullptr\)|gettimeofday", ("src/base/time.cpp", "recipes/", "bench/"), "a Clock given to you"),
    ("random", r"std::random_device|\brand\(\)|std::mt19937", ("recipes/",), "a Random given to you"),
    ("thread", r"std::j?thread\b|std::async", ("src/runtime/", "src/db/", "src/http/", "recipes/", "bench/"), "runtime/loop.hpp or runtime/pool.hpp"),
    ("process", r"\bfork\(\)|\bvfork\(|posix_spawn|\bsystem\(|popen\(", ("src/runtime/", "src/db/testing/", "src/compute/"), "runtime/process.hpp"),
    ("getenv", r"\bgetenv\(", ("src/app/", "src/cli/", "recipes/", "bench/", "src/db/testing/"), "a setting of app/config.hpp"),
    ("cout", r"std::(cout|cerr)\b|\bprintf\(", ("recipes/", "bench/"), "fmt::print in cli/ or app/, Log elsewhere"),
    ("coroutine", r"\bco_(await|return|yield)\b", ("src/http/impl/",), "a plain function on the worker pool"),
    ("sleep", r"sleep_for|\busleep\(|\bnanosleep\(", ("recipes/", "src/compute/", "src/runtime/"), "a condition to wait for, with a deadline"),
    ("abort", r"\bstd::(abort|exit|terminate)\(", ("src/base/", "bench/", "src/compute/itest/"), "die() or a Result"),
    ("stable_sort", r"\bstable_sort\(", ("recipes/", "bench/"), "sort by a key that is never equal: clang-19 warns of g++ 12's stable_sort"),
    ("raw new", r"= new |delete ", (), "std::make_unique"),
]
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def files():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def check_bans(path, name, lines, wrong):
    test = bool(re.search(r"_(test|dbtest|fuzz|main)\.cpp$", name)) or "/testing/" in name
    for number, line in enumerate(lines, 1):
        code = re.sub(r"//.*$|\"(\\.|[^\"\\])*\"", "", line)
        for rule, pattern, allowed, instead in BANS:
            if test and rule in ("thread", "process", "sleep", "clock", "random", "getenv", "cout", "abort"):
                continue
            if re.search(pattern, code) and not name.startswith(allowed) and f"tidy: {rule}" not in line:
                if rule == "raw new" and ("= delete" in code or re.search(r"unique_ptr<.*new |\{new |\bnew \w+\{|R\"", code)):
                    continue
                wrong.append(f"{name}:{number}: {rule}: use {instead}")


def check_lengths(name, lines, wrong):
    if len(lines) > LINES_MAX:
        wrong.append(f"{name}: {len(lines)} lines: cut it in two files with names of their own")
    start, title = None, ""
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and 'R"' not in line and "http" not in line:
            wrong.append(f"{name}:{number}: {len(line)} columns, {COLUMNS_MAX} at most")
        # A function body is what stands between a line ending in ") {" at the margin and the next "}" there.
        if re.match(r"^[A-Za-z].*\)( const)?( noexcept)?( override)? \{$", line):
            start, title = number, line
        if line == "}" and start:
            if number - start > FUNCTION_MAX:
                wrong.append(f"{name}:{start}: {number - start} lines in one function: {title[:60]}")
            start = None


def main():
    wrong, count = [], 0
    for path in files():
        name = str(path.relative_to(ROOT))
        if path.suffix in (".cpp", ".hpp", ".inc"):
            count += 1
            lines = path.read_text().splitlines()
            check_bans(path, name, lines, wrong)
            check_lengths(name, lines, wrong)
        if path.suffix in (".cpp", ".hpp", ".py", ".sh", ".cmake", ".sql", ".md", ".mjs", ".go") and name != "tools/tidy.py":
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if LEFTOVERS.search(line):
                    wrong.append(f"{name}:{number}: leftover: do it or file an issue")
    for line in wrong:
        print(line)
    print(f"tidy: {count} C++ files, {len(wrong)} violations")
    sys.exit(1 if wrong else 0)


main()
