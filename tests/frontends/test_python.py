"""What the Python package refuses before it opens anything."""

from __future__ import annotations

import math
import os

import parked
import pytest


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, -1.0, -1e-9])
def test_max_pause_is_a_time(seconds: float) -> None:
    with pytest.raises(parked.Error) as raised:
        parked.attach(os.getpid(), max_pause=seconds)
    assert str(raised.value) == "max_pause: expected a number of seconds, or 0 for no bound"
    assert raised.value.exit_code == 2
