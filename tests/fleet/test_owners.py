"""Whose a leak is, by a file like CODEOWNERS."""

from __future__ import annotations

from pathlib import Path

import pytest
from parked.fleet.leaks import package_of
from parked.fleet.owners import Owners, OwnersError, parse_owners, read_owners

FILE = """\
# the last line that matches decides
*                          @platform
example.com/shop           @shop @shop-oncall   # a comment
example.com/shop/orders/...  @orders
example.com/*/billing      @money
"""


def test_the_last_line_that_matches_decides(tmp_path: Path) -> None:
    path = tmp_path / "OWNERS"
    path.write_text(FILE)
    owners = read_owners(path)
    assert owners.of("net/http") == ("@platform",)
    assert owners.of("example.com/shop") == ("@shop", "@shop-oncall")
    assert owners.of("example.com/shop/stock") == ("@shop", "@shop-oncall")
    assert owners.of("example.com/shopping") == ("@platform",), "whole parts of the path"
    assert owners.of("example.com/shop/orders/v2") == ("@orders",)
    assert owners.of("example.com/shop/billing") == ("@money",)
    assert owners.of("example.com/shop/x/billing") == ("@shop", "@shop-oncall")
    assert owners.of(None) == ()
    assert Owners().of("net/http") == ()


def test_a_line_without_owners_is_named() -> None:
    with pytest.raises(OwnersError, match=r"OWNERS:2: .*example\.com/shop"):
        parse_owners(["* @a", "example.com/shop"], "OWNERS")


def test_package_of_a_function() -> None:
    assert package_of("example.com/shop/orders.(*poller).run") == "example.com/shop/orders"
    assert package_of("main.main.func1") == "main"
    assert package_of("example.com/a.Map[example.com/b/c.T]") == "example.com/a"
    assert package_of(None) is None
