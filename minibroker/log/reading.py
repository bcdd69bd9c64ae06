"""What a consumer of the simulator's records is shown of a log, one record after the other.

Rule: reads a log and changes nothing. A real consumer does this on its side, from batches and the
list of aborted transactions; ours would be sent what it then throws away. A control batch shows
nothing, for it has no records.
"""

from typing import cast

from minibroker.log.log import Log
from minibroker.log.records import Record


def records(
    log: Log, offset: int, read_committed: bool, most: int
) -> tuple[list[tuple[int, Record]], int]:
    """See `minibroker.log.cluster.Cluster.records`."""
    up_to = log.last_stable_offset if read_committed else log.high_watermark
    found: list[tuple[int, Record]] = []
    while batches := log.read(offset, 1, up_to):
        batch = batches[0]
        hidden = (
            read_committed
            and batch.transactional
            and any(
                aborted.producer_id == batch.producer_id
                for aborted in log.aborted(batch.base_offset, batch.next_offset)
            )
        )
        if not hidden:
            for record in cast("tuple[Record, ...]", batch.payload):
                at = batch.base_offset + record.delta
                if at >= offset:
                    found.append((at, record))
                    if len(found) == most:
                        return found, at + 1
        offset = batch.next_offset
    return found, offset
