"""The gdb commands of parked. Importable only inside gdb."""

from __future__ import annotations

from . import commands, selection, session


def register() -> None:
    """Defines the commands; harmless when they are defined already."""
    session.watch()
    selection.register()
    commands.register()


__all__ = ["register"]
