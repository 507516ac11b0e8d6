"""README's first report is what the program prints of the demo's service.

PARKED_UPDATE=1 writes it anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from support.commands import run
from support.matrix import Build
from support.paths import PARKED, ROOT
from support.running import Core

README = ROOT / "README.md"
GO = Build("1.27", "default")
COMMAND = "parked core leakyweb core.1234 report --limit 5"
SAMPLE = re.compile(rf"(?<=^\$ {COMMAND}\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def report(core: Core, folder: Path) -> str:
    (folder / "core.1234").symlink_to(core.core)
    (folder / "leakyweb").symlink_to(core.binary)
    words = [PARKED, *COMMAND.split()[1:], "--color", "never"]
    text = run(*words, cwd=folder).stdout
    # The program may be kept from another checkout's tests, which may be gone.
    made = re.search(r"(/\S*/tests/targets/leakyweb)/", text)
    assert made is not None
    here = f"{made[1]}={ROOT}/tests/targets/leakyweb"
    text = run(*words, "--source-path", here, cwd=folder).stdout
    text = text.replace(f" --source-path {here}", "")
    # As it would be of a program that was built with -trimpath.
    text = re.sub(r"/\S*/tests/targets/leakyweb/", "parked.test/leakyweb/", text)
    text = re.sub(r"/\S*go[\d.]+\.linux-amd64/src/", "", text)
    # A program that was kept from before the checkout.
    return text.replace("(the file is newer than the program) ", "")


def shape(text: str) -> list[str]:
    """Its lines up to the timers, in any order, without what differs from run to run."""
    text = re.split(r"^\d+ timers?$", text, flags=re.MULTILINE)[0]
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
    text = re.sub(r"\d{4}-\d\d-\d\d [\d:]+ UTC", "TIME", text)
    text = re.sub(r"go1\.\d+\.\d+|build id \S+", "BUILD", text)
    text = re.sub(r"\d+(\.\d+)?(ns|us|ms|s|m|h)\b(\d+\w)?", "DURATION", text)
    text = re.sub(r"(goroutines?) [\d, .]+", r"\1 IDS", text)
    text = re.sub(r"\d+(\.\d+)? (KB|bytes)", "SIZE", text)
    text = re.sub(r"127\.0\.0\.1:\d+|fd \d+|process \d+|(?<=, )\d+ heap objects", "NUMBER", text)
    return sorted(re.sub(r" +", " ", line) for line in text.splitlines())


def test_the_first_report_is_what_is_printed(
    kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    printed = report(kernel_core("leakyweb", GO), tmp_path)
    document = README.read_text()
    if os.environ.get("PARKED_UPDATE"):
        README.write_text(SAMPLE.sub(lambda _: printed, document))
        return
    (sample,) = SAMPLE.findall(document)
    assert shape(printed) == shape(sample)
