"""parked, the debuggers and scripts, run to their end, and what they printed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

from support.paths import BUILD_DIR, GDB_SCRIPT, LLDB_PLUGIN, PARKED


def run(
    *command: object, timeout: float = 120, **options: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload]
    )


def patient(*words: object) -> list[str]:
    """Words for parked. What looks at a live process may take its time on a loaded machine."""
    texts = [str(word) for word in words]
    looks = texts[:1] != ["core"] and any(text.isdigit() for text in texts)
    bounded = {"--max-pause", "--no-stop"}.intersection(texts)
    if not looks or bounded or "exec" in texts:
        return texts
    return ["--max-pause", "1m", *texts]


def parked(*words: object) -> subprocess.CompletedProcess[str]:
    return run(PARKED, *patient(*words))


def run_script(script: str, *words: object) -> str:
    """What a Python script prints that uses the parked package."""
    done = subprocess.run(
        [sys.executable, "-c", script, *(str(word) for word in words)],
        env={"PYTHONPATH": str(BUILD_DIR / "python")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(*words: object) -> subprocess.Popen[str]:
    """parked, while it works."""
    return subprocess.Popen(
        [str(PARKED), *patient(*words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gdb(
    *commands: str, arguments: tuple[object, ...] = (), program: str = "gdb"
) -> subprocess.CompletedProcess[str]:
    words: list[object] = [program, "-batch", "-nx", "-ex", f"source {GDB_SCRIPT}"]
    for command in commands:
        words += ["-ex", command]
    return run(*words, *arguments)


def lldb(*commands: str, arguments: tuple[object, ...] = ()) -> subprocess.CompletedProcess[str]:
    words: list[object] = [shutil.which("lldb-19") or "lldb", "-b", "-x"]
    for command in (f"plugin load {LLDB_PLUGIN}", *commands):
        words += ["-o", command]
    return run(*words, *arguments)


def truth_of(output: str) -> dict[str, Any]:
    """What a target printed of itself: the line that is JSON."""
    return json.loads(next(line for line in output.splitlines() if line.startswith("{")))


def document_in(text: str) -> dict[str, Any]:
    """The JSON document in what a debugger printed, whatever it says around it."""
    document, _ = json.JSONDecoder().raw_decode(text[text.index('{"schema"') :])
    return document
