"""The shipped layout tables in core/layouts: what they hold, read and written.

structs.txt   every definition once, under the first eight digits of its SHA-256: a struct ("ID SIZE
              NAME", then a line " OFFSET SIZE FIELD TYPE" for each field) or the constants of a
              package ("ID = PACKAGE", then " VALUE NAME")
sets.txt      "SET ID ID …" in lines: the definitions that hold together; or "SET of OTHER -ID +ID"
releases.txt  "RELEASE ARCH SET experiment experiment=SET …": the set of the release as it is, and
              of each experiment that may be turned; without "=" it changes nothing

The files depend only on which releases are in them, not on the order in which these came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from toolchains import version

DIGITS = 8
WIDTH = 11  # ids in a line

Definitions = dict[str, str]  # by the name of the struct or "= PACKAGE": its text
Configuration = tuple[str, str, str]  # release, architecture, experiment or "-"
Tables = dict[Configuration, Definitions]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def order(configuration: Configuration) -> tuple[tuple[int, int], str, bool, str]:
    release, arch, experiment = configuration
    return version(release), arch, experiment != "-", experiment


def set_id(definitions: Iterable[str]) -> str:
    return digest(" ".join(sorted(definitions)))


def write(folder: Path, tables: Tables) -> None:
    texts: dict[str, str] = {}  # by id
    names: dict[str, str] = {}
    sets: dict[str, list[str]] = {}
    first: dict[str, Configuration] = {}  # that uses the set
    lines: dict[tuple[str, str], list[str]] = {}
    for configuration in sorted(tables, key=order):
        ids = []
        for name, text in tables[configuration].items():
            identity = digest(text)
            if texts.setdefault(identity, text) != text:
                raise SystemExit(f"two definitions have the id {identity}: make DIGITS larger")
            names[identity] = name
            ids.append(identity)
        number = set_id(ids)
        sets[number] = ids
        first.setdefault(number, configuration)
        release, arch, experiment = configuration
        line = lines.setdefault((release, arch), [release, arch])
        if experiment == "-":
            line.append(number)
        else:
            line.append(experiment if number == line[2] else f"{experiment}={number}")
    folder.mkdir(parents=True, exist_ok=True)
    by_name = sorted(texts, key=lambda identity: (names[identity], identity))
    (folder / "structs.txt").write_text("".join(f"{i} {texts[i]}" for i in by_name))
    (folder / "releases.txt").write_text("".join(" ".join(line) + "\n" for line in lines.values()))
    bases = {n for n, c in first.items() if c[1:] == ("amd64", "-")}
    with (folder / "sets.txt").open("w") as out:
        for number, configuration in first.items():
            mine = sorted(sets[number], key=lambda identity: (names[identity], identity))
            base = set_id(map(digest, tables[configuration[0], "amd64", "-"].values()))
            if number in bases:
                words = mine
            else:
                lost = [f"-{i}" for i in sorted(set(sets[base]) - set(mine))]
                words = ["of", base, *lost, *(f"+{i}" for i in mine if i not in sets[base])]
            for at in range(0, len(words), WIDTH):
                out.write(("" if at else number) + " " + " ".join(words[at : at + WIDTH]) + "\n")


def read(folder: Path) -> Tables:
    if not (folder / "releases.txt").exists():
        return {}
    named: dict[str, tuple[str, str]] = {}
    for block in ("\n" + (folder / "structs.txt").read_text()).replace("\n ", "\0 ").split("\n"):
        if block:
            identity, _, text = (block.replace("\0", "\n") + "\n").partition(" ")
            head = text[: text.index("\n")]
            named[identity] = (head if head[0] == "=" else head.partition(" ")[2], text)
    sets: dict[str, set[str]] = {}
    for line in (folder / "sets.txt").read_text().replace("\n ", " ").splitlines():
        number, *words = line.split()
        if words[0] == "of":
            lost = {word[1:] for word in words[2:] if word[0] == "-"}
            sets[number] = sets[words[1]] - lost | {
                word[1:] for word in words[2:] if word[0] == "+"
            }
        else:
            sets[number] = set(words)
    tables: Tables = {}
    for line in (folder / "releases.txt").read_text().splitlines():
        release, arch, number, *experiments = line.split()
        for word in ["-=" + number, *experiments]:
            experiment, _, other = word.partition("=")
            tables[release, arch, experiment] = dict(named[i] for i in sets[other or number])
    return tables


class Wanted:
    """types.txt."""

    def __init__(self, file: Path) -> None:
        lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
        names = [line for line in lines if line]
        self.constants = [name[len("const ") :] for name in names if name.startswith("const ")]
        self.structs = [name for name in names if not name.startswith("const ")]

    def packages(self) -> list[str]:
        return sorted({package(name) for name in self.structs + self.constants})


def package(name: str) -> str:
    slash = name.rfind("/") + 1
    return name[:slash] + name[slash:].partition(".")[0]


def wants(patterns: list[str], name: str) -> bool:
    for pattern in patterns:
        if pattern.endswith("*"):
            # "net.*" is not for net/http, nor for types that are made of the package's.
            if name.startswith(pattern[:-1]) and package(name) == package(pattern):
                return True
        elif name == pattern:
            return True
    return False


def select(dump: str, release: str, wanted: Wanted) -> Tables:
    """What is wanted of what the dumper says about a release."""
    tables: Tables = {}
    for part in ("\n" + dump).split("\nconfig ")[1:]:
        lines = part.splitlines()
        experiment, arch = lines[0].split()
        if len(lines) == 1:  # changes nothing
            tables[release, arch, experiment] = tables[release, arch, "-"]
            continue
        structs: dict[str, list[str]] = {}
        constants: dict[str, list[str]] = {}
        body: list[str] = []
        for line in lines[1:]:
            if line.startswith("struct "):
                size, _, name = line[len("struct ") :].partition(" ")
                body = structs[name] = [f"{size} {name}"]
            elif line.startswith("const "):
                value, name = line[len("const ") :].split(" ")
                if wants(wanted.constants, name) and -(2**63) <= int(value) < 2**63:
                    group = constants.setdefault(package(name), [f"= {package(name)}"])
                    group.append(f" {value} {name[len(package(name)) + 1 :]}")
            else:
                body.append(line)
        chosen: set[str] = set()
        for name in structs:
            if wants(wanted.structs, name):
                add_parts(name, structs, chosen)
        found = {name: "\n".join(structs[name]) + "\n" for name in chosen}
        found.update({f"= {name}": "\n".join(group) + "\n" for name, group in constants.items()})
        tables[release, arch, experiment] = found
    return tables


def add_parts(name: str, structs: dict[str, list[str]], chosen: set[str]) -> None:
    """Adds a struct and those its fields are, or are arrays of."""
    if name in chosen:
        return
    chosen.add(name)
    for field in structs[name][1:]:
        part = field.split(" ", 4)[4]
        while part.startswith("[") and part[1:2].isdigit():
            part = part.partition("]")[2]
        if part in structs:
            add_parts(part, structs, chosen)
