"""A follower's log and its leader's: where they went apart, and what comes over.

Rule: plain functions of two logs, or of one partition's; when they are called is
`minibroker.log.replication`'s to know.

A follower asks where its last leader epoch ended in the leader's log. What it has beyond that was
appended by a leader that had been succeeded already, and nobody in sync had it (KIP-101); if the
leader knows an earlier epoch only, the question is asked again for that (KIP-279).
"""

from collections.abc import Sequence

from minibroker.log.batch import Batch
from minibroker.log.log import Log
from minibroker.log.partition import Partition

FETCH_BYTES = 2**20
"""``replica.fetch.max.bytes``"""


def copy(leader: Log, log: Log) -> bool:
    """Give a follower what it has not; gives whether there was anything."""
    if log.end < leader.start:
        log.start_anew(leader.start)
    batches = leader.read(log.end, FETCH_BYTES, leader.end)
    for batch in batches:
        log.append_as_follower(batch)
    moved = log.advance_high_watermark(leader.high_watermark)
    if log.start < leader.start <= log.high_watermark:
        log.delete_before(leader.start)
    return moved or bool(batches)


def truncate(leader: Log, log: Log) -> list[Batch]:
    """Let a follower's log give up what its leader's does not have; gives what was cut."""
    return log.truncate(_shared(leader, log))


def _shared(leader: Log, log: Log) -> int:
    """Up to where a follower's log is the leader's."""
    to, asked = log.end, log.epochs.latest
    while asked != -1:
        epoch, end = leader.end_offset_for(asked)
        known, own_end = log.end_offset_for(epoch)
        if -1 in (epoch, known):
            return log.start  # the leader has forgotten all epochs that the follower knows
        to = min(to, end, own_end)
        if known == epoch:
            break
        asked = known
    return max(to, log.start)


def lost(partition: Partition, cut: Sequence[Batch]) -> list[int]:
    """The numbers of the records in these batches that no replica has any more."""
    numbers: list[int] = []
    for batch in cut:
        if any(_has(log, batch) for log in partition.logs.values()):
            continue
        known = partition.numbers.get(batch.leader_epoch, {})
        for offset in range(batch.base_offset, batch.next_offset):
            if offset in known:
                numbers.append(known[offset])
    return numbers


def _has(log: Log, batch: Batch) -> bool:
    if not log.start <= batch.base_offset < log.end:
        return False
    found = log.read(batch.base_offset, 1, batch.next_offset)
    return bool(found) and found[0].leader_epoch == batch.leader_epoch
