"""Whether a topic's configuration lets a batch of records in.

Rule: this file knows one batch and the topic's configuration. What the log holds already, and who
may still write to it, is no matter here (`minibroker.log.producers`). Control batches are the
broker's own and are not asked about.
"""

from minibroker.log.batch import Batch, Codec
from minibroker.log.config import TopicConfig
from minibroker.log.errors import Code, LogError
from minibroker.log.terms import LARGEST


def check(batch: Batch, config: TopicConfig, codec: Codec, now_ms: int) -> None:
    """LogError MESSAGE_TOO_LARGE (``max.message.bytes`` counts the whole batch), INVALID_TIMESTAMP
    (KIP-937; a time of the topic's own is not checked) or INVALID_RECORD (no key, though records
    are compacted by key). One bad record refuses the whole batch (KIP-467)."""
    if batch.size > config.max_message_bytes:
        raise LogError(
            Code.MESSAGE_TOO_LARGE,
            f"the batch has {batch.size} bytes, and the topic's max.message.bytes is "
            f"{config.max_message_bytes}",
        )
    if not config.append_time and batch.max_timestamp - now_ms > config.timestamp_after_max_ms:
        raise LogError(
            Code.INVALID_TIMESTAMP,
            f"a record is stamped {batch.max_timestamp - now_ms} ms ahead of the broker's clock, "
            f"and the topic's message.timestamp.after.max.ms is {config.timestamp_after_max_ms}",
        )
    if config.compact or config.timestamp_before_max_ms != LARGEST:
        _check_entries(batch, config, codec, now_ms)


def _check_entries(batch: Batch, config: TopicConfig, codec: Codec, now_ms: int) -> None:
    for entry in codec.entries(batch.payload):
        if config.compact and entry.key is None:
            raise LogError(
                Code.INVALID_RECORD,
                "a record has no key, and a compacted topic keeps the last record of each key",
            )
        if not config.append_time and now_ms - entry.timestamp > config.timestamp_before_max_ms:
            raise LogError(
                Code.INVALID_TIMESTAMP,
                f"a record is stamped {now_ms - entry.timestamp} ms behind the broker's clock, and "
                "the topic's message.timestamp.before.max.ms is "
                f"{config.timestamp_before_max_ms}",
            )
