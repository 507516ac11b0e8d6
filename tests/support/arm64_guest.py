"""Programs of linux/arm64 on any machine, under a real kernel: Debian's, by qemu, booted once.

    PYTHONPATH=tests python -m support.arm64_guest FOLDER PROGRAM…    runs each arm64 program, and
                              puts into FOLDER/N the core and what it printed

The guest takes jobs, shell scripts, from a folder that it shares. Needs qemu-system-arm; the kernel
and busybox come from the Debian mirror that apt is configured with and are kept in the cache of the
tests.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support import arm64_system
from support.running import RESTLESS, Core

QEMU = "qemu-system-aarch64"
# A guest has no hardware that helps it, and may share what there is with compilers.
BOOT_SECONDS = 300
JOB_SECONDS = 600
# What of this process's environment a program may want.
PASSED_ON = ("GODEBUG", "GOGC", "GOMAXPROCS")

# Runs what is put into /shared/jobs, in order; its answer is the exit code.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
ifconfig lo 127.0.0.1 up
for m in {modules}; do insmod /modules/$m.ko; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none shared /shared
ulimit -c unlimited
touch /shared/booted
while :; do
  for job in /shared/jobs/*.sh; do
    [ -e "$job" ] || {{ usleep 100000; continue; }}
    name=${{job%.sh}}
    sh "$job" > "$name.log" 2>&1 < /dev/null
    echo $? > "$name.partial"
    rm "$job"
    mv "$name.partial" "$name.code"
  done
done
"""

# start FOLDER LOOKS COMMAND…: in that folder, which gets its output, until the program has said
# READY. Its threads then get time to fall asleep, as on the host (support.running.Running.settle);
# some never do: so many looks, then.
START = """
start() {
  cd "$1"
  looks=$2
  shift 2
  [ -p /tmp/pipe ] || mkfifo /tmp/pipe
  GOTRACEBACK=crash "$@" > output 2>&1 <> /tmp/pipe &
  pid=$!
  until grep -q READY output; do
    [ -d /proc/$pid ] || { cat output; exit 1; }
    usleep 30000
  done
  asleep=0
  for look in $(seq $looks); do
    [ $asleep -lt 5 ] || break
    usleep 30000
    asleep=$((asleep + 1))
    cat /proc/$pid/task/*/stat | sed 's/.*) //' | grep -qv '^S' && asleep=0
  done
}
"""
CRASH = """
cp -r /shared/{name} /tmp/{name}
echo /shared/{name}/core > /proc/sys/kernel/core_pattern
start /tmp/{name} {looks} env {environment} {command}
kill -ABRT $pid
wait $pid
cp output /shared/{name}
cd /
rm -rf /tmp/{name}
[ -s /shared/{name}/core ]
"""
LOOKS, LOOKS_AT_RESTLESS = 100, 10


def need_guest() -> None:
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed")


class Guest:
    """A running kernel, until the `with` block ends."""

    def __init__(self, folder: Path) -> None:
        self.shared = folder / "shared"
        (self.shared / "jobs").mkdir(parents=True)
        self.console = folder / "console"
        self.jobs = 0
        modules = " ".join(arm64_system.MODULES)
        arm64_system.initramfs(folder / "initramfs", INIT.format(modules=modules))
        command: list[object] = [
            *(QEMU, "-M", "virt,gic-version=3", "-cpu", "cortex-a72", "-smp", 2),
            *("-m", "2G", "-accel", "tcg,thread=multi", "-nographic", "-no-reboot"),
            *("-nic", "none", "-kernel", arm64_system.kernel()),
            *("-initrd", folder / "initramfs", "-append", "console=ttyAMA0 quiet panic=-1"),
            *("-fsdev", f"local,id=s,path={self.shared},security_model=none"),
            *("-device", "virtio-9p-device,fsdev=s,mount_tag=shared"),
        ]
        with self.console.open("w") as console:
            self.machine = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Guest:
        try:
            self._wait_for(self.shared / "booted", BOOT_SECONDS)
            self._set_clock()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _set_clock(self) -> None:
        """When a core was written this machine's clock tells, when a timer is due the guest's."""
        go = self.shared / "go"
        at = int(time.time()) + 3

        def when_it_is_time() -> None:
            while time.time() < at:
                time.sleep(0.005)
            go.touch()

        ringing = threading.Thread(target=when_it_is_time)
        ringing.start()
        wait = "until [ -e /shared/go ]; do usleep 2000; done"
        code, said = self.run(f"{wait}; date -s @{at}")
        ringing.join()
        if code != 0:
            raise RuntimeError(f"the guest's clock could not be set:\n{said}")

    def __exit__(self, *_: object) -> None:
        self.machine.kill()
        self.machine.wait()

    def _wait_for(self, file: Path, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not file.exists():
            if self.machine.poll() is not None or time.monotonic() > deadline:
                said = self.console.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the guest did not make {file.name}; its console:\n{said}")
            time.sleep(0.05)

    def run(self, script: str) -> tuple[int, str]:
        """Exit code and output of a shell script."""
        self.jobs += 1
        job = self.shared / "jobs" / f"{self.jobs}.sh"
        partial = job.with_suffix(".new")
        partial.write_text(script)
        partial.rename(job)
        code = job.with_suffix(".code")
        self._wait_for(code, JOB_SECONDS)
        return int(code.read_text()), job.with_suffix(".log").read_text(errors="replace")

    def crash(self, binary: Path, folder: Path, *arguments: str) -> Core:
        """Runs a program until it is at rest, and aborts it; its core is moved to `folder`."""
        name = f"{self.jobs}-{binary.name}"
        put = self.shared / name
        put.mkdir()
        shutil.copy(binary, put)
        restless = binary.name in RESTLESS and "still" not in arguments
        words = [f"./{binary.name}", *arguments]
        environment = [
            f"{key}={shlex.quote(os.environ[key])}" for key in PASSED_ON if key in os.environ
        ]
        script = START + CRASH.format(
            name=name,
            environment=" ".join(environment),
            command=shlex.join(words),
            looks=LOOKS_AT_RESTLESS if restless else LOOKS,
        )
        code, log = self.run(script)
        if code != 0:
            raise RuntimeError(f"{binary} made no core in the guest:\n{log[-4000:]}")
        for each in ("core", "output"):
            shutil.move(put / each, folder / each)
        shutil.rmtree(put)
        return Core(binary, folder / "core", (folder / "output").read_text(errors="replace"))


def main(words: list[str]) -> int:
    if len(words) < 2:
        print(__doc__)
        return 2
    folder = Path(words[0])
    with contextlib.ExitStack() as stack:
        guest = stack.enter_context(Guest(folder))
        for number, name in enumerate(words[1:]):
            (folder / str(number)).mkdir()
            print(guest.crash(Path(name).resolve(), folder / str(number)).core, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
