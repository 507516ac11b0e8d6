"""Times, as inputs and options say them."""

from __future__ import annotations

import pytest
from parked.fleet.times import moment


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-28", "2026-11-28T00:00:00+00:00"),
        ("2026-11-28T09:00", "2026-11-28T09:00:00+00:00"),
        ("2026-11-28T09:00:00.123456789Z", "2026-11-28T09:00:00.123456+00:00"),
        ("2026-11-28T09:00:00+02:00", "2026-11-28T09:00:00+02:00"),
        ("1795856400", "2026-11-28T09:00:00+00:00"),
        ("yesterday", None),
        ("9" * 30, None),
        ("", None),
        (None, None),
    ],
)
def test_moments(text: str | None, told: str | None) -> None:
    found = moment(text)
    assert (found.isoformat() if found else None) == told
