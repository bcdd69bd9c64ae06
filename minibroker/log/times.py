"""Looking up the place of a time in a log.

Rule: this file reads batches and changes nothing. Stamps need not rise along a log, for producers
set them, so the first record that is late enough is looked for, not a place between two.
"""

from collections.abc import Iterable

from minibroker.log.batch import Batch, Codec


def first_from(
    timestamp_ms: int, batches: Iterable[Batch], start: int, codec: Codec, append_time: bool
) -> tuple[int, int] | None:
    """Offset and timestamp of the first record from offset `start` on that is stamped
    `timestamp_ms` or later, if there is one (ListOffsets, KIP-79). Control batches count. With
    `append_time` all records of a batch have its own time (KIP-32)."""
    for batch in batches:
        if batch.max_timestamp < timestamp_ms or batch.last_offset < start:
            continue
        if batch.control is not None:
            return batch.base_offset, batch.max_timestamp
        for entry in codec.entries(batch.payload):
            timestamp = batch.max_timestamp if append_time else entry.timestamp
            if timestamp >= timestamp_ms and batch.base_offset + entry.delta >= start:
                return batch.base_offset + entry.delta, timestamp
    return None
