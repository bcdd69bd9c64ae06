"""The words that the parts of the log engine share, and what the clock on the wall shows.

Rule: only constants and plain functions live here, and nothing here knows a log.
"""

from minibroker.sim.clock import Clock
from minibroker.sim.modules import EPOCH

EPOCH_US = int(EPOCH.timestamp()) * 1_000_000

LARGEST = 2**63 - 1
"""A configuration's way to say "without end"."""


def wall_ms(clock: Clock) -> int:
    """What a broker's clock on the wall shows at this virtual time, in milliseconds since 1970."""
    return (EPOCH_US + clock.now) // 1_000
