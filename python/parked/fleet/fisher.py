"""Fisher's exact test, one-sided, in logarithms: with many targets p-values are below any float.

scipy would bring it with 35 MB, and loses what is below 1e-308.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@lru_cache(maxsize=4)
def _log_factorials(most: int) -> NDArray[np.float64]:
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])


def log_p_value(both: int, leaking: int, matching: int, total: int) -> float:
    """Natural logarithm of the chance that so many leak among the ``matching``, or more, by chance.

    Of ``total`` processes ``leaking`` leak and ``matching`` have an attribute; ``both`` have both.
    ``ValueError`` if there are no such four numbers.
    """
    import numpy as np

    least, most = max(0, leaking + matching - total), min(leaking, matching)
    if not (0 <= leaking <= total and 0 <= matching <= total and least <= both <= most):
        raise ValueError(f"no such table: {both} of {leaking} and {matching}, of {total}")
    if both == least:
        return 0.0
    # As large for all tables of a report, so that it is made once.
    logs = _log_factorials(1 << total.bit_length())
    # What is farther out adds nothing that a float could hold.
    share = leaking / total
    spread = math.sqrt(matching * share * (1 - share))
    x = np.arange(both, min(most, both + 64 + int(40 * spread)) + 1)
    terms = (
        logs[leaking] - logs[x] - logs[leaking - x]
        + logs[total - leaking] - logs[matching - x] - logs[total - leaking - matching + x]
        - logs[total] + logs[matching] + logs[total - matching]
    )  # fmt: skip
    largest = float(terms.max())
    return min(0.0, largest + math.log(float(np.exp(terms - largest).sum())))


def least_share(some: int, of: int, z: float = 1.645) -> float:
    """Lower end of Wilson's interval for a share that was ``some`` of ``of``; 95 % are above it."""
    if of == 0:
        return 0.0
    share = some / of
    middle = share + z * z / (2 * of)
    width = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - width) / (1 + z * z / of))
