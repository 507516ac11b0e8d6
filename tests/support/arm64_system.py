"""What an arm64 guest boots: Debian's kernel and busybox, fetched once, and its file system; and
what parked is built of for arm64 elsewhere (python -m support.arm64_system says where that is)."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support.building import only_one
from support.paths import CACHE

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITE = "bookworm"
SYSTEM = CACHE / f"arm64-{SUITE}-system"
# In the order in which they need each other.
MODULES = ("virtio_mmio", "netfs", "fscache", "9pnet", "9pnet_virtio", "9p")
# Those of scripts/setup that are of an architecture, and what they bring along.
LIBRARIES = (
    *("libc6-dev", "libstdc++6", "libelf-dev", "libdw-dev", "libfmt-dev", "nlohmann-json3-dev"),
    *("libcli11-dev", "libexpected-dev", "libzstd-dev", "libarchive-dev", "zlib1g-dev"),
    *("libre2-dev", "libutf8proc-dev", "libcapstone-dev", "libprotozero-dev"),
    *("prometheus-cpp-dev", "libgtest-dev", "libgmock-dev"),
)
# What position-independent programs are loaded by, and those with C need.
LOADER = "ld-linux-aarch64.so.1"
C_LIBRARIES = (LOADER, "libc.so.6", "libpthread.so.0", "libdl.so.2", "libresolv.so.2")
FOLDERS = ("bin", "lib", "modules", "proc", "sys", "dev", "tmp", "shared")


def mirror() -> str:
    """The Debian mirror of this machine, without a trailing slash."""
    policy = subprocess.run(
        ["apt-cache", "policy", "busybox"], capture_output=True, text=True, check=True
    ).stdout
    words = [word.rstrip("/") for word in policy.split()]
    return next(word for word in words if "://" in word and word.endswith("debian"))


class Packages:
    """An apt of arm64 whose state is in a folder: this machine's is left alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
        options = {
            "Dir::State": folder / "state",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "APT::Architecture": "arm64",
            "APT::Architectures": "arm64",
            "APT::Sandbox::User": "root",
        }
        self.options = [
            word for name, value in options.items() for word in ("-o", f"{name}={value}")
        ]
        self._apt("apt-get", "update")

    def _apt(self, command: str, *words: str) -> str:
        return subprocess.run(
            [command, *self.options, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def current(self, name: str) -> str:
        """What a package like linux-image-arm64 stands for."""
        words = self._apt("apt-cache", "depends", name).split()
        return words[words.index("Depends:") + 1]

    def unpack(self, to: Path, *names: str) -> None:
        """These packages alone."""
        self._apt("apt-get", "download", *names)
        for package in self.folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, to], check=True)
            package.unlink()

    def unpack_all(self, to: Path, *names: str) -> None:
        """These packages and all that they need."""
        self._apt("apt-get", "-d", "-y", "--no-install-recommends", "install", *names)
        for package in sorted((self.folder / "cache/archives").glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, to], check=True)


def system() -> Path:
    """A folder with `kernel`, `busybox`, the modules and libraries; made once."""
    with only_one(SYSTEM.name):
        if not SYSTEM.exists():
            work = SYSTEM.with_suffix(".partial")
            shutil.rmtree(work, ignore_errors=True)
            packages = Packages(work / "apt")
            root, made = work / "root", work / "made"
            packages.unpack(root, packages.current("linux-image-arm64"), "busybox-static", "libc6")
            made.mkdir()
            shutil.copy(next((root / "boot").glob("vmlinuz-*")), made / "kernel")
            shutil.copy(root / "bin/busybox", made / "busybox")
            for name in MODULES:
                shutil.copy(next(root.rglob(f"{name}.ko")), made)
            for name in C_LIBRARIES:
                shutil.copy((root / "lib/aarch64-linux-gnu" / name).resolve(), made / name)
            made.rename(SYSTEM)
            shutil.rmtree(work)
    return SYSTEM


def kernel() -> Path:
    return system() / "kernel"


def entry(name: str, mode: int, data: bytes = b"") -> bytes:
    """A file or folder as the kernel's initramfs wants it (cpio, newc)."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4)


def initramfs(to: Path, init: str) -> None:
    folder, program, text = 0o040755, 0o100755, 0o100644
    made = system()
    entries = [entry(name, folder) for name in FOLDERS]
    entries.append(entry("init", program, init.encode()))
    entries.append(entry("bin/busybox", program, (made / "busybox").read_bytes()))
    for name in MODULES:
        entries.append(entry(f"modules/{name}.ko", text, (made / f"{name}.ko").read_bytes()))
    for name in C_LIBRARIES:
        entries.append(entry(f"lib/{name}", program, (made / name).read_bytes()))
    entries.append(entry("TRAILER!!!", 0))
    with gzip.open(to, "wb", compresslevel=1) as archive:
        archive.writelines(entries)


def libraries_of(program: Path, root: Path) -> Iterator[Path]:
    """What a dynamic program of arm64 needs, and the one that loads it, of a sysroot."""
    folders = [root / "lib/aarch64-linux-gnu", root / "usr/lib/aarch64-linux-gnu"]
    found: dict[str, Path] = {}
    todo = [program]
    while todo:
        shown = subprocess.run(
            ["readelf", "-d", todo.pop()], capture_output=True, text=True, check=True
        ).stdout
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", shown):
            path = next(folder / name for folder in folders if (folder / name).exists())
            if name not in found:
                found[name] = path
                todo.append(path)
    yield from found.values()


def sysroot() -> Path:
    """A folder with the libraries that parked is built with; made once."""
    done = CACHE / f"arm64-{SUITE}-sysroot"
    with only_one(done.name):
        if not done.exists():
            work = done.with_suffix(".partial")
            shutil.rmtree(work, ignore_errors=True)
            Packages(work / "apt").unpack_all(work / "root", *LIBRARIES)
            (work / "root").rename(done)
            shutil.rmtree(work)
    return done


if __name__ == "__main__":
    print(sysroot())
