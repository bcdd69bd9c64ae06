"""What the journal says: all of a broker's state that its partitions' batches do not tell.

Rule: a `State` is taken from a cluster (`of`), written as changes (`changes`), and comes to be
again when they are applied (`apply`). The changes that the broker writes as it goes are of the same
kind, so a journal that is written anew says the same in fewer lines.

>>> state = State()
>>> state.apply({"is": "producers", "last": 7})
>>> state.producer_ids
7
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from minibroker.log.batch import NO_PRODUCER
from minibroker.log.cluster import Cluster
from minibroker.log.config import TopicConfig
from minibroker.log.offsets import Committed, Offsets
from minibroker.log.settled import Settled
from minibroker.log.transaction import Place, Transaction
from minibroker.storage import shapes

Change = dict[str, Any]


@dataclass(slots=True)
class Topic:
    """A topic: `config` is what was set for it."""

    id: UUID
    partitions: int
    config: dict[str, str]


@dataclass(slots=True)
class State:
    """See the module. `opened` counts how often the directory was opened; `markers` are control
    batches with their offsets, which may not have reached their partitions' files; `deleted` are
    ids of topics whose directories may still be there."""

    cluster_id: str = ""
    opened: int = 0
    producer_ids: int = 0
    topics: dict[str, Topic] = field(default_factory=dict)
    logs: dict[Place, Settled] = field(default_factory=dict)
    groups: dict[str, Offsets] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    markers: list[tuple[Place, shapes.Shape]] = field(default_factory=list)
    deleted: set[UUID] = field(default_factory=set)

    @classmethod
    def of(cls, cluster: Cluster, cluster_id: str, opened: int) -> "State":
        """What a cluster has now."""
        state = cls(cluster_id, opened, cluster.transactions.last_id)
        for name in cluster.topics():
            count = cluster.partitions(name)
            given = dict(cluster.log(name, 0).config.given)
            state.topics[name] = Topic(cluster.topic_id(name), count, given)
            for number in range(count):
                state.logs[name, number] = cluster.log(name, number).settled()
        state.groups = dict(cluster.groups.offsets())
        transactions = cluster.transactions
        state.transactions = {name: transactions.describe(name) for name in transactions.names()}
        return state

    def changes(self) -> Iterator[Change]:
        """What makes this state out of none."""
        yield opened(self.cluster_id, self.opened)
        yield producers(self.producer_ids)
        for name, topic in self.topics.items():
            yield _topic(name, topic)
        for place, settled in self.logs.items():
            yield log(place, settled)
        for group, offsets in self.groups.items():
            yield committed(group, {}, 0, NO_PRODUCER)
            for producer_id, place, each, at in offsets.entries():
                producer_id = NO_PRODUCER if producer_id is None else producer_id
                yield committed(group, {place: each}, at, producer_id)
        for known in self.transactions.values():
            yield transaction(known)

    def apply(self, change: Change) -> None:
        """Take in a change. One that is about nothing that there is changes nothing, for a line
        before it may have been damaged."""
        match change["is"]:
            case "opened":
                self.cluster_id, self.opened = change["cluster"], change["times"]
            case "producers":
                self.producer_ids = change["last"]
            case "topic":
                self.topics[change["name"]] = Topic(
                    UUID(hex=change["id"]), change["partitions"], change["config"]
                )
            case "topic deleted":
                self._delete_topic(change["name"])
            case "log":
                self.logs[change["topic"], change["partition"]] = shapes.settled(change["kept"])
            case "marker":
                place = (change["topic"], change["partition"])
                self.markers.append((place, change["marker"]))
            case "transaction":
                known = shapes.transaction(change["kept"])
                self.transactions[known.name] = known
            case "decided":
                for offsets in self.groups.values():
                    offsets.decide(change["producer"], change["commit"])
            case "committed":
                self._commit(change)
            case "offsets forgotten":
                if (group := self.groups.get(change["group"])) is not None:
                    group.delete([(topic, number) for topic, number in change["partitions"]])
            case "group forgotten":
                self.groups.pop(change["group"], None)

    def _delete_topic(self, name: str) -> None:
        topic = self.topics.pop(name, None)
        if topic is None:
            return
        self.deleted.add(topic.id)
        for number in range(topic.partitions):
            self.logs.pop((name, number), None)
        self.markers = [each for each in self.markers if each[0][0] != name]

    def _commit(self, change: Change) -> None:
        offsets = self.groups.setdefault(change["group"], Offsets())
        new = {
            (topic, number): Committed(offset, metadata, epoch)
            for topic, number, offset, metadata, epoch in change["offsets"]
        }
        if not new:
            return
        if change["producer"] == NO_PRODUCER:
            offsets.commit(new, change["at"])
        else:
            offsets.commit_later(change["producer"], new, change["at"])


# --- changes, each as `State.apply` reads it --------------------------------------------------


def opened(cluster_id: str, times: int) -> Change:
    """The directory was opened for the `times`-th time."""
    return {"is": "opened", "cluster": cluster_id, "times": times}


def producers(last: int) -> Change:
    """Producer ids were given up to this one."""
    return {"is": "producers", "last": last}


def topic(name: str, id: UUID, partitions: int, config: TopicConfig) -> Change:
    """A topic is so."""
    return _topic(name, Topic(id, partitions, dict(config.given)))


def _topic(name: str, topic: Topic) -> Change:
    return {
        "is": "topic",
        "name": name,
        "id": topic.id.hex,
        "partitions": topic.partitions,
        "config": topic.config,
    }


def topic_deleted(name: str) -> Change:
    """A topic is gone."""
    return {"is": "topic deleted", "name": name}


def log(place: Place, kept: Settled) -> Change:
    """What a log's batches do not tell."""
    return {
        "is": "log",
        "topic": place[0],
        "partition": place[1],
        "kept": shapes.of_settled(kept),
    }


def marker(place: Place, kept: shapes.Shape) -> Change:
    """A control batch stands, or is to stand, in a partition."""
    return {"is": "marker", "topic": place[0], "partition": place[1], "marker": kept}


def transaction(known: Transaction) -> Change:
    """A transactional id is so."""
    return {"is": "transaction", "kept": shapes.of_transaction(known)}


def decided(producer_id: int, commit: bool) -> Change:
    """What groups have committed in this producer's transaction counts now, or never will."""
    return {"is": "decided", "producer": producer_id, "commit": commit}


def committed(group: str, offsets: Mapping[Place, Committed], now: int, producer_id: int) -> Change:
    """A group has these positions."""
    return {
        "is": "committed",
        "group": group,
        "offsets": [
            [*place, each.offset, each.metadata, each.leader_epoch]
            for place, each in offsets.items()
        ],
        "at": now,
        "producer": producer_id,
    }


def offsets_forgotten(group: str, partitions: list[Place]) -> Change:
    """A group has no position in these."""
    return {"is": "offsets forgotten", "group": group, "partitions": partitions}


def group_forgotten(group: str) -> Change:
    """Nothing is left of a group."""
    return {"is": "group forgotten", "group": group}
