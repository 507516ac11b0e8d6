"""What parked raises."""

from __future__ import annotations


class Error(Exception):
    """A target that cannot be opened, or a command that cannot be run: one clear line.

    ``exit_code`` is what the ``parked`` program would have returned: 2 for bad usage or unreadable
    input, 3 for a report that is incomplete.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
