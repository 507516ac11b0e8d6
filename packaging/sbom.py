#!/usr/bin/env python3
"""Writes what a build consists of, as CycloneDX 1.5 JSON: every library that it was linked with
or whose headers it was compiled with, with version and licence as its package has them.

    packaging/sbom.py BUILD LIBRARIES NAME VERSION > FILE

BUILD is a folder of ninja's, LIBRARIES the prefix of scripts/static-libraries (or ""). The
compiler's record of headers and the linker's of archives are what counts; to whom a file belongs
dpkg says. SOURCE_DATE_EPOCH is the time."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Debian's short names that SPDX spells otherwise.
SPDX = {
    "Expat": "MIT",
    "expat": "MIT",
    "BSD-2-clause": "BSD-2-Clause",
    "BSD-3-clause": "BSD-3-Clause",
    "BSD-3-google": "BSD-3-Clause",
    "BSD-3-Clause+CLA": "BSD-3-Clause",
    "BSL-1.0": "BSL-1.0",
    "CC0-1.0": "CC0-1.0",
    "BSD-2-Clause": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "Apache-2.0": "Apache-2.0",
    "BSD-variant": "bzip2-1.0.6",
    "Zlib": "Zlib",
}
# Whose file debian/copyright is prose, or tells of programs first and of libraries last: by the
# source package's name without digits.
PROSE = {
    "glibc": "LGPL-2.1-or-later",
    "gcc": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "linux": "GPL-2.0-only WITH Linux-syscall-note",
    "elfutils": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "python": "PSF-2.0",
}


def output(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def licences(copyright: Path, source: str) -> list[dict[str, object]]:
    """The licences of a package, by its machine-readable file; at least one."""
    prose = PROSE.get(re.sub(r"[-.\d]+$", "", source))
    if prose is not None:
        return [{"expression": prose}]
    text = copyright.read_text(errors="replace") if copyright.exists() else ""
    stanzas = [s for s in text.split("\n\n") if s.lstrip().startswith("Files:")]
    whole = [s for s in stanzas if re.match(r"\s*Files: *\*\s", s)]
    # Where no stanza is about all, those of generators and tests are named as well.
    names = re.findall(r"^License: *(\S.*)$", "\n".join(whole or stanzas), re.MULTILINE)
    if not names:
        raise SystemExit(f"sbom: {source}: no licence in {copyright}")
    unique = list(dict.fromkeys(names))
    return [{"license": {"id": SPDX[n]} if n in SPDX else {"name": n}} for n in unique]


def component(
    name: str, version: str, kind: str, about: list[dict[str, object]], of: str = ""
) -> dict[str, object]:
    purl = f"pkg:{kind}/{name}@{version.replace('+', '%2B').replace(':', '%3A')}"
    made: dict[str, object] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "licenses": about,
        "purl": purl,
    }
    if of:
        made["properties"] = [{"name": "debian:source", "value": of}]
    return made


def files_of(build: Path, libraries: Path) -> set[Path]:
    """Headers and archives outside of the tree."""
    ninja = output("ninja", "-C", build, "-t", "deps")
    named = set(re.findall(r"^ +(/\S+)$", ninja, re.MULTILINE))
    links = [
        line
        for line in output("ninja", "-C", build, "-t", "commands", "product").splitlines()
        if re.search(r" -o \S*(parked|\.so)\b", line) and " -c " not in line
    ]
    for line in links:
        named.update(re.findall(r"(?<= )/\S+\.(?:a|so)\b", line))
        # What is named by -l, and what the compiler adds by itself.
        wanted = set(re.findall(r" -l(\w+)", line))
        if "-static" in line:
            wanted |= {"c", "m", "stdc++", "gcc", "gcc_eh"}
        for each in wanted:
            if (libraries / "lib" / f"lib{each}.a").exists():
                continue
            found = output("c++", f"-print-file-name=lib{each}.a").strip()
            if found.startswith("/"):
                named.add(found)
    outside = {Path(os.path.realpath(f)) for f in named}
    return {f for f in outside if not f.is_relative_to(ROOT)}


def of_debian(files: set[Path]) -> list[dict[str, object]]:
    said = subprocess.run(["dpkg", "-S", *sorted(map(str, files))], capture_output=True, text=True)
    packages = sorted({line.split(":")[0] for line in said.stdout.splitlines() if ": " in line})
    made = []
    for package in packages:
        shown = "${Version}\t${source:Package}\n"
        version, source = (
            output("dpkg-query", "-W", "-f", shown, package).split("\n")[0].split("\t")
        )
        about = licences(Path("/usr/share/doc") / package / "copyright", source)
        made.append(component(package, version, "deb/debian", about, source))
    return made


def of_sources(libraries: Path) -> list[dict[str, object]]:
    """What scripts/static-libraries has built."""
    made = []
    for done in sorted(libraries.glob("build/*/done")):
        source = next(done.parent.glob("*/debian"))
        version = output("dpkg-parsechangelog", "-l", source / "changelog", "-S", "Version").strip()
        about = licences(source / "copyright", done.parent.name)
        made.append(component(done.parent.name, version, "deb/debian", about, done.parent.name))
    return made


def of_page() -> list[dict[str, object]]:
    """What web/ bundles into the page: its dependencies, and theirs, but for the bundler."""
    lock = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    wanted = [n for n in lock[""]["dependencies"] if n != "esbuild"]
    seen: dict[str, dict[str, object]] = {}
    while wanted:
        name = wanted.pop()
        about = lock[f"node_modules/{name}"]
        if name not in seen:
            licence: list[dict[str, object]] = [{"license": {"id": about["license"]}}]
            seen[name] = component(name, about["version"], "npm", licence)
            seen[name]["purl"] = seen[name]["bom-ref"] = (
                f"pkg:npm/{name.replace('@', '%40')}@{about['version']}"
            )
            wanted += about.get("dependencies", {})
    return [seen[name] for name in sorted(seen)]


def main() -> None:
    build, libraries, name, version = sys.argv[1:]
    when = datetime.datetime.fromtimestamp(
        int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc
    )
    components = of_debian(files_of(Path(build), Path(libraries))) + of_page()
    if libraries:
        components += of_sources(Path(libraries))
    identity = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([name, version, components]))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": identity.urn,
        "version": 1,
        "metadata": {
            "timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": name,
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": components,
        "dependencies": [{"ref": name, "dependsOn": [c["bom-ref"] for c in components]}],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
