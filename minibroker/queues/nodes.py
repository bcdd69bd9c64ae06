"""The nodes of a cluster: which of them run, where each queue lives, and who leads it.

A classic queue lives on one node. A quorum queue has members on several, one of which leads, and
works while a majority of them runs (RabbitMQ, "Quorum Queues", Leader Election and Failure
Handling).
What clients declare is kept by all nodes, and can be changed while a majority of those runs
(RabbitMQ, "Metadata store": Khepri, the only one since 4.3).

Where a new queue goes is RabbitMQ's `rabbit_queue_location`: its leader to the node of the client
that declares it, or (``x-queue-leader-locator``: ``balanced``) to where there are fewest leaders;
further members to the running nodes that have fewest. A leader that stops is followed by the first
of the members that run; in RabbitMQ chance decides. Nodes count from 1.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from minibroker.queues.errors import ChannelError, InternalError, NotFound
from minibroker.queues.queue import Queue


@dataclass(slots=True)
class Place:
    """Where a queue lives. `leader` is None while nobody leads it: its leader has stopped and there
    is no majority to choose another."""

    members: tuple[int, ...]
    leader: int | None

    def works(self, running: set[int]) -> bool:
        """Whether a majority of the members runs."""
        return _is_majority(sum(node in running for node in self.members), len(self.members))


class Nodes:
    """The nodes from 1 to `count`, and the places of the broker's queues."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.running = set(range(1, count + 1))
        self.places: dict[Queue, Place] = {}

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, self.count + 1))

    def check(self, node: int) -> None:
        """ValueError if there is no such node."""
        if not 1 <= node <= self.count:
            raise ValueError(f"there is no node {node}; there are {list(range(1, self.count + 1))}")

    def check_store(self, what: str) -> None:
        """Refuse to change what all nodes keep without a majority of them; `what` is not done
        then."""
        if not _is_majority(len(self.running), self.count):
            raise InternalError(f"INTERNAL_ERROR - {what}")

    # --- where a queue lives ---------------------------------------------------------------

    def place(self, queue: Queue, node: int) -> None:
        """Give a new queue its place; `node` is that of the client."""
        kind = "quorum queue" if queue.arguments.quorum else "queue"
        self.check_store(
            f"Could not declare {kind} '{queue.name}' in vhost '/' on node '{name(node)}' because "
            "the metadata store operation timed out"
        )
        balanced = queue.arguments.balanced and queue.exclusive_to is None
        others = [each for each in self.places.items() if _alike(each[0], queue)]
        if queue.arguments.quorum:
            members = self._members(node, queue.arguments.group_size, others)
            leader = self._emptiest(members, others) if balanced else node
        else:
            leader = self._emptiest(self, others) if balanced else node
            members = [leader]
        place = Place(tuple(members), leader)
        if not place.works(self.running):
            raise InternalError(
                f"INTERNAL_ERROR - Cannot declare quorum queue '{queue.name}' in vhost '/' on node "
                f"'{name(node)}' with leader on node '{name(leader)}': cluster_not_formed"
            )
        self.places[queue] = place

    def _members(self, node: int, size: int, others: list[tuple[Queue, Place]]) -> list[int]:
        if self.count <= size:
            return list(self)

        def rank(other: int) -> tuple[bool, int, int]:
            members = sum(other in place.members for _, place in others)
            return other not in self.running, members, other

        return [node, *sorted((each for each in self if each != node), key=rank)[: size - 1]]

    def _emptiest(self, nodes: Iterable[int], others: list[tuple[Queue, Place]]) -> int:
        """Where fewest are led of those that run."""

        def leads(node: int) -> int:
            return sum(place.leader == node for _, place in others)

        return min((node for node in nodes if node in self.running), key=lambda n: (leads(n), n))

    def where(self, queue: Queue) -> dict[str, object]:
        """The same, for those who look."""
        place = self.places.get(queue)
        if place is None:  # direct replies
            return {}
        return {"leader": place.leader, "members": list(place.members), "works": not queue.halted}

    # --- what does not work ----------------------------------------------------------------

    def refuse(self, queue: Queue, what: str) -> ChannelError | None:
        """How a client is refused that would ``get`` from a queue that is halted, ``consume`` from
        it, ``cancel`` that, ``purge``, ``declare`` or ``bind`` it; None: it is not. RabbitMQ 4.0.5
        says this, some of it after 65 s."""
        if what == "bind":
            return None
        if not queue.arguments.quorum:
            return NotFound(
                f"NOT_FOUND - queue '{queue.name}' in vhost '/' process is stopped by supervisor"
            )
        if what == "declare":
            return None
        if what == "get":
            leader = self.places[queue].leader
            why = f"{{timeout,{{'%2F_{queue.name}',{name(leader)}}}}}" if leader else "noproc"
            return InternalError(
                f"INTERNAL_ERROR - Cannot get a message from queue 'queue '{queue.name}' in vhost "
                f"'/'': {why}"
            )
        return InternalError("INTERNAL_ERROR")


def name(node: int) -> str:
    """What RabbitMQ would call it."""
    return f"rabbit@{node}"


def _is_majority(some: int, all_of_them: int) -> bool:
    return 2 * some > all_of_them


def _alike(one: Queue, other: Queue) -> bool:
    return one.arguments.quorum == other.arguments.quorum
