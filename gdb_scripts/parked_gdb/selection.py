"""gdb's own frames on a goroutine's stack, without writing a register.

gdb starts every backtrace at a thread's registers, which a core does not let anyone change. So the
thread's innermost frame is given another caller: an unwinder says that it was called from where
the goroutine stands, and a frame filter leaves that innermost frame out of the backtrace. From
there on gdb unwinds by the program's own call frame information.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gdb
import gdb.unwinder

from . import registers, session

_NAME = "parked-goroutine"
_MASK = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class _Selected:
    # The thread's registers, by which its innermost frame is recognised.
    thread_pc: int
    thread_sp: int
    # Where the goroutine stands.
    pc: int
    sp: int
    frame_pointer: int


_selected: _Selected | None = None


def select(goroutine: int, *, show: bool = True) -> None:
    """Makes gdb walk the goroutine's stack. Raises gdb.GdbError if it has none to walk."""
    start = session.current().stack_registers(goroutine)
    if start is None:
        raise gdb.GdbError(f"parked: goroutine {goroutine} has no stack that can be walked.")
    clear()
    pc, sp, frame_pointer = start
    if not _select_thread_at(pc, sp):
        _place(_Selected(*_thread_registers(), pc, sp, frame_pointer))
    if show:
        gdb.execute("frame")


def clear() -> None:
    """Back to the thread's own frames."""
    if _selected is None:
        return
    _forget()
    gdb.invalidate_cached_frames()


def register() -> None:
    """Installs the unwinder, which does nothing until a goroutine is selected."""
    gdb.unwinder.register_unwinder(None, _Unwinder(), replace=True)
    session.call_on_move(_forget)


def _forget() -> None:
    # gdb drops its frames by itself when the program moves.
    global _selected
    _selected = None
    gdb.frame_filters.pop(_NAME, None)


def _place(selected: _Selected) -> None:
    global _selected
    _selected = selected
    gdb.frame_filters[_NAME] = _Filter()
    gdb.invalidate_cached_frames()
    frame: gdb.Frame | None = gdb.newest_frame()
    while frame is not None and _is_thread_frame(frame, selected):
        frame = frame.older()
    if frame is None:
        clear()
        raise gdb.GdbError("parked: gdb cannot unwind from where the goroutine stands.")
    frame.select()


def _select_thread_at(pc: int, sp: int) -> bool:
    """A goroutine that runs on a thread: then its stack is the thread's, and gdb has it already."""
    before = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        if thread.is_running():
            continue
        thread.switch()
        if _thread_registers() == (pc, sp):
            return True
    if before is not None:
        before.switch()
    return False


def _thread_registers() -> tuple[int, int]:
    return _pc_sp(gdb.newest_frame())


def _pc_sp(frame: Any) -> tuple[int, int]:
    names = registers.of(frame.architecture())
    return int(frame.read_register(names.pc)) & _MASK, int(frame.read_register(names.sp)) & _MASK


def _is_thread_frame(frame: Any, selected: _Selected) -> bool:
    try:
        return _pc_sp(frame) == (selected.thread_pc, selected.thread_sp)
    except (gdb.error, ValueError):
        return False


@dataclass(frozen=True)
class _FrameId:
    sp: gdb.Value
    pc: gdb.Value


class _Unwinder(gdb.unwinder.Unwinder):
    """Answers for one frame only: the innermost of the thread a goroutine was selected on."""

    def __init__(self) -> None:
        super().__init__(_NAME)

    def __call__(self, pending_frame: gdb.PendingFrame) -> gdb.UnwindInfo | None:
        selected, pending = _selected, pending_frame
        if selected is None or not _is_thread_frame(pending, selected):
            return None
        names = registers.of(pending.architecture())
        pc = pending.read_register(names.pc)
        sp = pending.read_register(names.sp)
        frame_pointer = pending.read_register(names.frame_pointer)
        # Just below the goroutine's frames: gdb gives up on callers that are further in.
        below = gdb.Value((selected.sp - 16) & _MASK).cast(sp.type)
        unwind = pending.create_unwind_info(_FrameId(below, pc))
        for name, old, value in (
            (names.pc, pc, selected.pc),
            (names.sp, sp, selected.sp),
            (names.frame_pointer, frame_pointer, selected.frame_pointer),
        ):
            unwind.add_saved_register(name, gdb.Value(value).cast(old.type))
        return unwind


class _Filter:
    """Leaves the thread's innermost frame out of the backtrace."""

    def __init__(self) -> None:
        self.name = _NAME
        self.enabled = True
        self.priority = 1000

    def filter(self, frames: Iterator[Any]) -> Iterator[Any]:
        selected = _selected
        for item in frames:
            if selected is not None:
                if _is_thread_frame(item.inferior_frame(), selected):
                    continue
                selected = None  # only the innermost ones
            yield item
