#!/usr/bin/env python3
"""The folder rule, checked against tools/layers.txt: who may include whom, who may use which package, whose tables are whose.

A file of src/<module>/ includes its own folder, the folders on its module's line and nothing else; impl/ is private to its
module; each outside header belongs to a package that the module's line, or the line of a module below it, names; a table is named
by one module only. Tests beside the code may also use db/testing. Prints every violation and ends with 1 if there is one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Outside header prefix -> package on a module's line. Headers of the C and C++ library and of POSIX need no line.
PACKAGES = {
    "fmt/": "fmt", "openssl/": "openssl", "sodium": "sodium", "sqlite3.h": "sqlite3", "libpq-fe.h": "pq",
    "curl/": "curl", "archive": "archive", "unicode/": "icu", "CLI/": "cli11", "toml++/": "tomlplusplus",
    "zlib.h": "zlib", "boost/describe": "describe", "boost/mp11": "describe", "boost/": "boost", "gtest/": "gtest",
}
EVERYWHERE = {"fmt", "gtest", "describe"}
TEST = re.compile(r"_(test|dbtest|fuzz|main)\.cpp$")


def read_lines():
    modules = {}
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        if found := re.match(r"^([a-z]+)\s*:([^|]*)\|?(.*)$", line):
            modules[found[1]] = (found[2].split(), found[3].split())
    return modules


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line):
            yield number, found[1] == '"', found[2]


def check_order(modules, wrong):
    seen = set()
    for module, (folders, _) in modules.items():
        for folder in folders:
            if folder not in seen:
                wrong.append(f"tools/layers.txt: {module} names {folder}, which is not above it: the lines must go bottom up")
        seen.add(module)
    for folder in sorted(p.name for p in (ROOT / "src").iterdir() if p.is_dir()):
        if folder not in modules:
            wrong.append(f"src/{folder}: has no line in tools/layers.txt")


def check_file(path, module, folders, packages, wrong):
    where = path.relative_to(ROOT)
    test = bool(TEST.search(path.name)) or "testing" in path.parts
    for number, quoted, name in includes(path):
        first = name.split("/")[0]
        if quoted:
            if first == "embedded":
                continue
            if first != module and first not in folders and not (test and name.startswith("db/testing/")):
                wrong.append(f"{where}:{number}: includes {name}, but {module} may not include {first}")
            elif first != module and "/impl/" in name:
                wrong.append(f"{where}:{number}: includes {name}, which is private to {first}")
            elif not (ROOT / "src" / name).exists():
                wrong.append(f"{where}:{number}: includes {name}, which is not there")
            continue
        package = next((p for prefix, p in PACKAGES.items() if name.startswith(prefix)), None)
        if package and package not in EVERYWHERE and package not in packages:
            wrong.append(f"{where}:{number}: includes <{name}>, but {module}'s line does not name {package}")


def check_tables(modules, wrong):
    owners = {}
    for migration in sorted((ROOT / "sql").glob("*.sql")):
        module = re.sub(r"^\d+_([a-z]+).*$", r"\1", migration.name)
        for table in re.findall(r"CREATE TABLE (\w+)", migration.read_text()):
            owners[table] = module
    for path in (ROOT / "src").rglob("*.?pp"):
        module = path.relative_to(ROOT / "src").parts[0]
        if TEST.search(path.name) or module == "db":
            continue
        for text in re.findall(r'R"sql\((.*?)\)sql"', path.read_text(), re.S):
            for table in re.findall(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+([a-z_]+)", text):
                if table in owners and owners[table] != module:
                    wrong.append(f"{path.relative_to(ROOT)}: names the table {table}, which belongs to {owners[table]}")


def main():
    modules = read_lines()
    wrong = []
    check_order(modules, wrong)
    count = 0
    for module, (folders, packages) in modules.items():
        for path in sorted((ROOT / "src" / module).rglob("*.?pp")):
            count += 1
            check_file(path, module, folders, packages, wrong)
    check_tables(modules, wrong)
    for line in wrong:
        print(line)
    print(f"layers: {count} files of {len(modules)} modules, {len(wrong)} violations")
    sys.exit(1 if wrong else 0)


main()
