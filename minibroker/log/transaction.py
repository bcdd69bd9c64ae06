"""One transactional id and the states that its transactions go through.

Rule: everything that is kept of a transactional id is in this file, and which state may follow
which is the table `MOVES`. Who makes it move is `minibroker.log.transactions`.

>>> MOVES["PrepareCommit"]
frozenset({'Ongoing'})
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from minibroker.log.batch import Batch

Place: TypeAlias = tuple[str, int]
"""A partition: its topic and its number."""

State: TypeAlias = Literal[
    "Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"
]

MOVES: Mapping[State, frozenset[State]] = {
    # to: from which
    "Empty": frozenset({"Empty", "CompleteCommit", "CompleteAbort"}),
    "Ongoing": frozenset({"Empty", "Ongoing", "CompleteCommit", "CompleteAbort"}),
    "PrepareCommit": frozenset({"Ongoing"}),
    "PrepareAbort": frozenset({"Ongoing", "Empty", "CompleteCommit", "CompleteAbort"}),
    "CompleteCommit": frozenset({"PrepareCommit"}),
    "CompleteAbort": frozenset({"PrepareAbort"}),
}


@dataclass(slots=True)
class Transaction:
    """What is kept of one transactional id. Times are virtual microseconds; `unmarked` are the
    partitions that have not got their control batch yet."""

    name: str
    producer_id: int
    epoch: int
    timeout: int
    state: State = "Empty"
    began: int = 0
    partitions: dict[Place, None] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)
    unmarked: dict[Place, Batch] = field(default_factory=dict)
    writing: set[Place] = field(default_factory=set)
    timed: bool = False
    before: tuple[int, int] | None = None
    """Producer id and epoch before they were last raised, for a client that did not get the answer
    and asks again (KIP-360, KIP-890)."""

    def move(self, to: State) -> None:
        """Go to another state; the table says from where."""
        assert self.state in MOVES[to], f"{self.name}: {self.state} -> {to}"
        self.state = to
