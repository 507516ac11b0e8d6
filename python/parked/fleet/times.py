"""Times as inputs, labels, paths and options of the shell say them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone


def moment(text: str | None) -> datetime | None:
    """Of ISO 8601, a day or a time, or of seconds since 1970; UTC unless it says otherwise.

    None: it is neither.
    """
    if not text:
        return None
    with suppress(ValueError, OverflowError, OSError):
        if text.isdigit() and len(text) >= 9:
            return datetime.fromtimestamp(int(text), timezone.utc)
        # Python before 3.11 takes neither "Z" nor nanoseconds.
        head, _, fraction = text.removesuffix("Z").partition(".")
        digits = fraction[:6].ljust(6, "0") if fraction.isdigit() else ""
        found = datetime.fromisoformat(f"{head}.{digits}" if digits else text.removesuffix("Z"))
        return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    return None
