"""The command family under the prefix `parked`."""

from __future__ import annotations

import re

import gdb
import parked

from . import output, selection, session

_OPTION = re.compile(r"^ +(?:-\w, )?(--[a-z-]+)", re.MULTILINE)


def run(words: list[str], from_tty: bool) -> None:
    """Runs a command of the family on what gdb holds and writes what it answers."""
    words, wrong, opening = session.opening_words(words)
    # Before a target is opened for nothing.
    wrong = wrong or parked.check_command(words)
    if wrong:
        raise gdb.GdbError(f"parked: {wrong}")
    help_text = parked.help_asked(words)
    if help_text:
        output.write(help_text)
        return
    interactive = output.color(from_tty)
    try:
        result = session.current(opening, show_progress=interactive).execute(
            words, color=interactive, width=output.width(), sink=output.write
        )
    except parked.Error as error:
        raise gdb.GdbError(f"parked: {error}") from None
    if result.timings:
        gdb.write(result.timings, gdb.STDERR)
    if result.error:
        raise gdb.GdbError(f"parked: {result.error}")


class _Prefix(gdb.Command):
    """Why is it parked?  Goroutine-leak reports from cores and live processes of Go programs.

    Start with `parked report`. Nothing runs inside the program, and nothing is written to it."""

    def __init__(self) -> None:
        super().__init__("parked", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        self.dont_repeat()
        # gdb passes on what is none of the commands.
        wrong = parked.check_command(argument)
        if wrong:
            raise gdb.GdbError(f"parked: {wrong}")
        output.write(parked.command_help())


class _Command(gdb.Command):
    """One command of the family; what it does is in the library."""

    def __init__(self, name: str, command: str, summary: str) -> None:
        # The first line alone is what gdb's lists of commands show.
        self.__doc__ = f"{summary[:1].upper()}{summary[1:]}.\n\n{parked.command_help(command)}"
        self._command = command
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument: str, from_tty: bool) -> None:
        self.dont_repeat()
        run([self._command, *parked.split_words(argument)], from_tty)

    def complete(self, text: str, word: str | None) -> list[str]:
        # To gdb a word begins behind the last dash; it is to get what follows from there on.
        typed = text.rpartition(" ")[2]
        known = len(typed) - len(word or "")
        if self._command == "help":
            names = [command.name for command in parked.commands()]
        else:  # the options, as its help lists them
            names = _OPTION.findall(parked.command_help(self._command))
        return [name[known:] for name in dict.fromkeys(names) if name.startswith(typed)]


class _Select(gdb.Command):
    """Makes gdb's own backtrace work on the stack of a goroutine:  parked select ID | none

    Up, down, frame and info locals, too, without writing a register. Lasts until the program moves,
    or `parked select none`."""

    def __init__(self) -> None:
        super().__init__("parked select", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        self.dont_repeat()
        if argument.strip() == "none":
            selection.clear()
            return
        selection.select(_goroutine_id(argument))


class _Goroutine(gdb.Command):
    """One goroutine with its stack, or a gdb command on it:  goroutine ID [COMMAND]

    Shows goroutine ID with its stack (as `parked goroutine ID`), or runs a gdb command, such as bt,
    on its stack."""

    def __init__(self) -> None:
        super().__init__("goroutine", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        self.dont_repeat()
        number, _, command = argument.strip().partition(" ")
        goroutine = _goroutine_id(number)
        if not command:
            run(["goroutine", str(goroutine)], from_tty)
            return
        selection.select(goroutine, show=False)
        try:
            gdb.execute(command, from_tty)
        finally:
            selection.clear()


def register() -> None:
    """Defines the commands; those that others may have under the same name only if they do not."""
    _Prefix()
    summaries = {command.name: command.summary for command in parked.commands()}
    for name, summary in summaries.items():
        _Command(f"parked {name}", name, summary)
    _Select()
    # The Go distribution's runtime-gdb.py has these two as well.
    if not _defined("info goroutines"):
        _Command("info goroutines", "goroutines", summaries["goroutines"])
    if not _defined("goroutine"):
        _Goroutine()


def _defined(command: str) -> bool:
    try:
        gdb.execute(f"help {command}", to_string=True)
    except gdb.error:
        return False
    return True


def _goroutine_id(text: str) -> int:
    if not text.strip().isdecimal():
        raise gdb.GdbError("A goroutine id is needed: see `parked goroutines`.")
    return int(text)
