"""What a log knows that its batches do not tell, for who keeps it longer than the process lives.

Rule: plain values. Retention and compaction take batches away, and with them what they said of
producers and aborted transactions; where the log starts and what was cleaned never stood in them.
"""

from dataclasses import dataclass, field

from minibroker.log.aborted import Aborted
from minibroker.log.producers import Producers


@dataclass(slots=True)
class Settled:
    """`first` is where the first segment begins and `start` what may be read first; `base` is what
    was said of producers below `base_offset`, and `aborted` are the transactions that ended below
    it; `dirty_from` and `horizons` are compaction's, `epochs` all leader epochs with their starts.
    """

    start: int = 0
    first: int = 0
    base: Producers = field(default_factory=Producers)
    base_offset: int = 0
    aborted: list[Aborted] = field(default_factory=list)
    dirty_from: int = 0
    horizons: dict[int, int] = field(default_factory=dict)
    epochs: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
