"""What the engine tells to whoever keeps its state for longer than the process lives.

Rule: the engine tells and never asks, and does not know what becomes of it. It tells of a change
when it has made it and before the request is answered, in the order in which changes are made; who
keeps them decides when an answer may leave. What a group's members do is not told: they join it
again.

The simulator keeps nothing (`UNKEPT`, and logs without a keeper). `minibroker.storage` keeps what
one broker has; nobody keeps a follower, so `Log.truncate` tells nothing.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from minibroker.log.batch import Batch
from minibroker.log.config import TopicConfig
from minibroker.log.offsets import Committed
from minibroker.log.transaction import Place, Transaction

if TYPE_CHECKING:
    from minibroker.log.log import Log


class Keeper(Protocol):
    """Keeps one log."""

    def appended(self, batch: Batch, segment: int) -> None:
        """A batch was appended to the segment that begins at this offset."""

    def forgot(self) -> None:
        """The log starts later; segments may be gone from its front."""

    def cleaned(self, below: int) -> None:
        """The segments that end below this offset were compacted."""


class Journal(Protocol):
    """Keeps what does not stand in the logs."""

    def keeper(self, topic: str, topic_id: UUID, number: int, log: "Log") -> Keeper | None:
        """Who keeps this log, if anybody does."""

    def topic(self, name: str, topic_id: UUID, partitions: int, config: TopicConfig) -> None:
        """A topic was made, has grown or is configured anew."""

    def topic_deleted(self, name: str) -> None:
        """A topic and its partitions are gone."""

    def committed(
        self, group: str, offsets: Mapping[Place, Committed], now: int, producer_id: int
    ) -> None:
        """A group has another position; with a producer's id, it will when its transaction
        commits."""

    def decided(self, producer_id: int, commit: bool) -> None:
        """The groups' positions in this producer's transaction count now, or never will."""

    def offsets_forgotten(self, group: str, partitions: Collection[Place]) -> None:
        """A group has no position in these any more."""

    def group_forgotten(self, group: str) -> None:
        """Nothing is left of a group."""

    def transaction(self, transaction: Transaction) -> None:
        """What is kept of a transactional id is another."""

    def producer_ids(self, last: int) -> None:
        """Producer ids were given up to this one."""


class Unkept:
    """Keeps nothing."""

    def keeper(self, topic: str, topic_id: UUID, number: int, log: "Log") -> Keeper | None:
        """Nobody."""
        return None

    def topic(self, name: str, topic_id: UUID, partitions: int, config: TopicConfig) -> None:
        """Nothing."""

    def topic_deleted(self, name: str) -> None:
        """Nothing."""

    def committed(
        self, group: str, offsets: Mapping[Place, Committed], now: int, producer_id: int
    ) -> None:
        """Nothing."""

    def decided(self, producer_id: int, commit: bool) -> None:
        """Nothing."""

    def offsets_forgotten(self, group: str, partitions: Collection[Place]) -> None:
        """Nothing."""

    def group_forgotten(self, group: str) -> None:
        """Nothing."""

    def transaction(self, transaction: Transaction) -> None:
        """Nothing."""

    def producer_ids(self, last: int) -> None:
        """Nothing."""


UNKEPT = Unkept()
