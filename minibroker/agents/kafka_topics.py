"""The topics that a consumer subscribes to, as far as there are such.

A name that starts with ``^`` is a regular expression; of those only simple ones are taken, since
this is matched in the world, where a learner's pattern must not take for ever.

What is created later, and partitions that are added, are found when the client asks the cluster for
its metadata again, every `refresh` (``topic.metadata.refresh.interval.ms``, None for never); the
timer is set only when there is something to find.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from minibroker.agents.kafka_errors import KafkaFailure
from minibroker.log.errors import Code
from minibroker.sim.clock import SECOND, Clock

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster


def compiles(name: str) -> bool:
    """Whether a name can be subscribed to: not a pattern that is none."""
    try:
        return not name.startswith("^") or bool(re.compile(name))
    except re.error:
        return False


def slow(name: str) -> str:
    """Why a pattern is not taken that could be slow to match; empty for one that is not."""
    simple = len(re.findall(r"[*+?{]", name)) <= 2 and not re.search(r"\)[*+?{]|\\\d|\(\?", name)
    if simple or not name.startswith("^"):
        return ""
    return (
        f"the pattern {name!r:.60} is not simulated here; use at most two of * + ? {{}} and none "
        "of them after a group"
    )


class Wanted:
    """See the module. `missing` is called with a topic that is not there, once, and `changed` when
    there are other topics or partitions than at the last look."""

    def __init__(
        self,
        cluster: "Cluster",
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
        missing: Callable[[str, KafkaFailure], None],
        changed: Callable[[], None],
        refresh: int | None = 300 * SECOND,
    ) -> None:
        self._every = refresh
        self._cluster, self._clock, self._at = cluster, clock, at
        self._missing, self._changed = missing, changed
        self._started = clock.now
        self._reported: set[str] = set()
        self._known: dict[str, int] = {}
        self._armed = False
        self.topics: list[str] = []

    def there(self) -> list[str]:
        """The topics that there are now, sorted."""
        self._known = self._now()
        for topic in self.topics:
            if topic.startswith("^") or topic in self._known:
                self._reported.discard(topic)
            elif topic not in self._reported:
                self._reported.add(topic)
                code = Code.UNKNOWN_TOPIC_OR_PARTITION
                text = f"Subscribed topic not available: {topic}: %s"
                self._missing(topic, KafkaFailure(code, text, said=code))
        return sorted(self._known)

    def look(self) -> None:
        """The cluster has changed."""
        if not self.topics or self._armed or self._every is None or self._now() == self._known:
            return
        self._armed = True
        ticks = (self._clock.now - self._started) // self._every + 1
        self._at(self._started + ticks * self._every, self._refresh)

    def _refresh(self) -> None:
        self._armed = False
        if self.topics and self._now() != self._known:
            self._changed()

    def _now(self) -> dict[str, int]:
        there = self._cluster.topics()
        found = {topic for topic in self.topics if topic in there}
        for pattern in self.topics:
            if pattern.startswith("^"):
                found |= {topic for topic in there if re.search(pattern, topic)}
        return {topic: self._cluster.partitions(topic) for topic in found}
