"""Cores that a real arm64 kernel writes, on any machine: Debian's kernel under qemu, booted once.

    python tests/support/arm64_guest.py FOLDER PROGRAM…    runs each arm64 program, and puts into
                                                       FOLDER/N the core and what it printed

Needs qemu-system-arm; the kernel and busybox come from the Debian mirror that apt is configured
with and are kept in the cache of the tests.
"""

from __future__ import annotations

import gzip
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("PARKED_TEST_CACHE", Path.home() / ".cache/parked-tests"))
QEMU = "qemu-system-aarch64"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITE = "bookworm"
# In the order in which they need each other.
MODULES = ("virtio_mmio", "netfs", "fscache", "9pnet", "9pnet_virtio", "9p")
FOLDERS = ("modules", "proc", "sys", "dev", "tmp", "out")
BOOT_SECONDS = 60
PROGRAM_SECONDS = 60

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
ifconfig lo 127.0.0.1 up
for m in {modules}; do insmod /modules/$m.ko; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none out /out
ulimit -c unlimited
sh /out/job.sh > /out/job.log 2>&1
sync
poweroff -f
"""

# Once a program has said that it is ready its threads are given some time to fall asleep, as the
# others of these tests are (support.running.Running.settle); some never do.
RUN = """
run() { # FOLDER PROGRAM ARGUMENT…
  folder=/out/$1; shift
  echo "$folder/core" > /proc/sys/kernel/core_pattern
  cd $folder
  GOTRACEBACK=crash "$@" > $folder/output 2>&1 < /dev/null &
  pid=$!
  until grep -q READY $folder/output || [ ! -d /proc/$pid ]; do usleep 50000; done
  asleep=0
  for look in $(seq 40); do
    [ $asleep -lt 5 ] || break
    usleep 30000
    asleep=$((asleep + 1))
    cat /proc/$pid/task/*/stat | sed 's/.*) //' | grep -qv '^S' && asleep=0
  done
  kill -ABRT $pid
  wait $pid
  echo "$? $folder"
}
"""


@dataclass(frozen=True)
class Program:
    """What to run in the guest."""

    binary: Path
    arguments: Sequence[str] = ()


@dataclass(frozen=True)
class Crashed:
    """A program that has been aborted in the guest."""

    binary: Path
    core: Path
    output: str


def available() -> bool:
    return shutil.which(QEMU) is not None


def mirror() -> str:
    """The Debian mirror of this machine, without a trailing slash."""
    policy = subprocess.run(
        ["apt-cache", "policy", "busybox"], capture_output=True, text=True, check=True
    ).stdout
    words = policy.split()
    return next(word for word in words if "://" in word and word.rstrip("/").endswith("debian"))


def download(folder: Path) -> list[Path]:
    """The packages, by an apt whose state is in `folder`: this machine's is left alone."""
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
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]

    def apt(command: str, *more: str) -> str:
        return subprocess.run(
            [command, *words, *more], cwd=folder, capture_output=True, text=True, check=True
        ).stdout

    apt("apt-get", "update")
    depends = apt("apt-cache", "depends", "linux-image-arm64").split()
    kernel = depends[depends.index("Depends:") + 1]
    apt("apt-get", "download", kernel, "busybox-static")
    return sorted(folder.glob("*.deb"))


def system() -> Path:
    """A folder with `kernel`, `busybox` and the modules; made once."""
    done = CACHE / f"arm64-{SUITE}"
    if done.exists():
        return done
    work = CACHE / f"arm64-{SUITE}.partial"
    shutil.rmtree(work, ignore_errors=True)
    (work / "apt").mkdir(parents=True)
    for package in download(work / "apt"):
        subprocess.run(["dpkg", "-x", package, work / "root"], check=True)
    (made := work / "made").mkdir()
    shutil.copy(next((work / "root/boot").glob("vmlinuz-*")), made / "kernel")
    shutil.copy(work / "root/bin/busybox", made / "busybox")
    for name in MODULES:
        shutil.copy(next((work / "root").rglob(f"{name}.ko")), made)
    made.rename(done)
    shutil.rmtree(work)
    return done


def cpio_entry(name: str, mode: int, data: bytes = b"") -> bytes:
    """A file or folder as the kernel's initramfs wants it (cpio, newc)."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4)


def initramfs(to: Path) -> None:
    folder, program, text = 0o040755, 0o100755, 0o100644
    made = system()
    entries = [(name, folder, b"") for name in ("bin", *FOLDERS)]
    entries.append(("init", program, INIT.format(modules=" ".join(MODULES)).encode()))
    entries.append(("bin/busybox", program, (made / "busybox").read_bytes()))
    for name in MODULES:
        entries.append((f"modules/{name}.ko", text, (made / f"{name}.ko").read_bytes()))
    archive = b"".join(cpio_entry(*entry) for entry in entries) + cpio_entry("TRAILER!!!", 0)
    to.write_bytes(gzip.compress(archive, 1))


def crash_all(programs: Sequence[Program], folder: Path) -> list[Crashed]:
    """Runs each program in a guest until it is at rest, and aborts it. `folder` gets the cores."""
    out = folder / "out"
    job = [RUN]
    for number, program in enumerate(programs):
        here = out / str(number)
        here.mkdir(parents=True)
        shutil.copy(program.binary, here / program.binary.name)
        words = [str(number), f"./{program.binary.name}", *program.arguments]
        job.append(f"run {shlex.join(words)}")
    (out / "job.sh").write_text("\n".join(job) + "\n")
    initramfs(folder / "initramfs.gz")
    command = [
        *(QEMU, "-M", "virt,gic-version=3", "-cpu", "cortex-a72", "-smp", "2", "-m", "2G"),
        *("-accel", "tcg,thread=multi", "-nographic", "-no-reboot", "-nic", "none"),
        *("-kernel", system() / "kernel", "-initrd", folder / "initramfs.gz"),
        *("-append", "console=ttyAMA0 quiet panic=-1"),
        *("-fsdev", f"local,id=o,path={out},security_model=none"),
        *("-device", "virtio-9p-device,fsdev=o,mount_tag=out"),
    ]
    shown = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=BOOT_SECONDS + PROGRAM_SECONDS * len(programs),
    )
    crashed = []
    for number, program in enumerate(programs):
        here = out / str(number)
        core, output = here / "core", here / "output"
        if not core.exists():
            log = out / "job.log"
            said = log.read_text() if log.exists() else shown.stdout[-2000:]
            raise RuntimeError(f"{program.binary} made no core in the guest:\n{said}")
        crashed.append(Crashed(here / program.binary.name, core, output.read_text()))
    return crashed


def main(words: list[str]) -> int:
    if len(words) < 2:
        print(__doc__)
        return 2
    folder, *binaries = words
    for crashed in crash_all([Program(Path(name).resolve()) for name in binaries], Path(folder)):
        print(crashed.core)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
