"""Who leads a partition, and who is in sync: what Kafka's controller decides.

Rule: plain functions that look at one partition and at which brokers are there, and change only
that partition. What happens in the logs thereupon is `minibroker.log.replication`'s.

A leader is chosen from the replicas in sync, in the order of the assignment; if none of them is
there, from those eligible to lead; if none of them is there either, from any that is, but only with
``unclean.leader.election.enable``, since what the others had is lost then (KIP-966, "Eligible
Leader Replicas"). Who drops out of the ISR when it has no more than ``min.insync.replicas`` members
becomes eligible, since nothing was committed without it from then on.
"""

from collections.abc import Collection

from minibroker.log.errors import Code, LogError
from minibroker.log.partition import NOBODY, Partition


def chosen(partition: Partition, online: Collection[int]) -> tuple[int, bool]:
    """The broker that should lead now, -1 for none, and whether the election is clean."""
    if partition.leader in online and partition.leader in partition.isr:
        return partition.leader, True
    for pool in (partition.isr, partition.elr):
        for broker in partition.replicas:
            if broker in pool and broker in online:
                return broker, True
    if partition.config.unclean_leader_election:
        for broker in partition.replicas:
            if broker in online:
                return broker, False
    return NOBODY, True


def asked_for(partition: Partition, online: Collection[int], *, unclean: bool) -> int:
    """The broker that is to lead because an operator asked (KIP-460): the preferred leader, or with
    `unclean` the first that is there if nobody leads. LogError ELECTION_NOT_NEEDED,
    PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE."""
    name = f"partition {partition.number} of {partition.topic!r}"
    preferred = partition.replicas[0]
    if partition.leader != NOBODY if unclean else partition.leader == preferred:
        raise LogError(
            Code.ELECTION_NOT_NEEDED, f"{name} is led by broker {partition.leader} already"
        )
    if unclean:
        for broker in partition.replicas:
            if broker in online:
                return broker
        raise LogError(Code.ELIGIBLE_LEADERS_NOT_AVAILABLE, f"no replica of {name} is there")
    if preferred not in online or preferred not in partition.isr:
        raise LogError(
            Code.PREFERRED_LEADER_NOT_AVAILABLE,
            f"broker {preferred}, which {name} prefers, is not there or not in sync",
        )
    return preferred


def leave(partition: Partition, broker: int) -> bool:
    """The broker is not in sync any more; gives whether it was."""
    if broker not in partition.isr:
        return False
    partition.isr.remove(broker)
    if len(partition.isr) < partition.least_in_sync and broker not in partition.elr:
        partition.elr.append(broker)
        partition.elr.sort(key=partition.replicas.index)
    return True


def enter(partition: Partition, broker: int) -> bool:
    """The broker is in sync; gives whether that is news."""
    if broker in partition.isr:
        return False
    partition.isr.append(broker)
    partition.isr.sort(key=partition.replicas.index)
    if broker in partition.elr:
        partition.elr.remove(broker)
    if len(partition.isr) >= partition.least_in_sync:
        partition.elr.clear()
    return True
