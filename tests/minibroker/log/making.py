"""Batches and logs for tests, in few words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import pytest

from minibroker.log import config
from minibroker.log.batch import Batch
from minibroker.log.errors import Code, LogError
from minibroker.log.log import Log
from minibroker.log.records import RECORDS, Record, batch

NOW = 1_767_603_600_000
"""The clock on the wall at virtual time 0, in milliseconds."""


@contextmanager
def refused(code: Code, sentence: str | None = None) -> Iterator[None]:
    """What is done here is refused with this code, and with this in its text."""
    with pytest.raises(LogError, match=sentence) as error:
        yield
    assert error.value.code is code, error.value


def a_log(settings: Mapping[str, str] | None = None) -> Log:
    """A log of a topic for which these were set."""
    return Log(RECORDS, config.parsed(settings or {}))


def records(*values: str | None, key: str | None = "k", at: int = NOW, **header: Any) -> Batch:
    """A batch of records with these values, all with one key and one timestamp. A value such as
    ``a=1`` brings its own key, ``a=`` is a tombstone of key a."""
    made = []
    for delta, text in enumerate(values):
        name, value = key, text
        if text is not None and "=" in text:
            name, _, rest = text.partition("=")
            value = rest or None
        made.append(
            Record(
                delta,
                None if name is None else name.encode(),
                None if value is None else value.encode(),
                at,
            )
        )
    return replace(batch(made), **header)


def of_producer(
    producer_id: int, sequence: int, *values: str, epoch: int = 0, **header: Any
) -> Batch:
    """A batch of a producer with an id."""
    return records(
        *values,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        **header,
    )


def in_transaction(
    producer_id: int, sequence: int, *values: str, epoch: int = 0, **header: Any
) -> Batch:
    """A batch of a transaction."""
    return of_producer(producer_id, sequence, *values, epoch=epoch, transactional=True, **header)


def marker(
    producer_id: int, how: Literal["commit", "abort"], epoch: int = 0, at: int = NOW
) -> Batch:
    """The control batch that ends a transaction. Nobody may open its payload."""
    return Batch(
        payload=None,
        records=1,
        size=78,
        first_timestamp=at,
        max_timestamp=at,
        producer_id=producer_id,
        producer_epoch=epoch,
        transactional=True,
        control=how,
    )


def fill(log: Log, *batches: Batch, now: int = NOW, epoch: int = 0) -> list[Batch]:
    """Append and let all replicas have it; gives the batches as they stand in the log."""
    stamped = [log.append(each, epoch, now) for each in batches]
    log.advance_high_watermark(log.end)
    return stamped


def shown(log: Log, read_committed: bool = False) -> list[tuple[int, str]]:
    """What a consumer is shown from the start, ``key=value`` by offset; the aborted are left out as
    a client does it."""
    up_to = log.last_stable_offset if read_committed else log.high_watermark
    found = []
    aborted = sorted(log.aborted(log.start, up_to), key=lambda each: each.first_offset)
    ignored: set[int] = set()
    for each in log.read(log.start, 2**31, up_to):
        while aborted and aborted[0].first_offset <= each.last_offset:
            ignored.add(aborted.pop(0).producer_id)
        if each.control is not None:
            if each.control == "abort":
                ignored.discard(each.producer_id)
            continue
        if read_committed and each.transactional and each.producer_id in ignored:
            continue
        for record in each.payload:
            offset = each.base_offset + record.delta
            if log.start <= offset < up_to:
                found.append((offset, as_text(record)))
    return found


def as_text(record: Record) -> str:
    """A record as ``key=value``, without a value for a tombstone."""
    return f"{(record.key or b'').decode()}={(record.value or b'').decode()}"
