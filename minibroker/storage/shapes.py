"""How the engine's values stand in the journal, as JSON.

Rule: each function here has its counterpart, and nothing else knows the names of the fields.
"""

from typing import Any

from minibroker.log.aborted import Aborted
from minibroker.log.batch import Batch
from minibroker.log.producers import Producer, Producers
from minibroker.log.settled import Settled
from minibroker.log.transaction import Transaction

Shape = dict[str, Any]


def of_transaction(known: Transaction) -> Shape:
    """What is kept of a transactional id."""
    return {
        "name": known.name,
        "producer": known.producer_id,
        "epoch": known.epoch,
        "timeout": known.timeout,
        "state": known.state,
        "began": known.began,
        "partitions": list(known.partitions),
        "groups": list(known.groups),
        "unmarked": [[*place, of_marker(marker)] for place, marker in known.unmarked.items()],
        "before": known.before,
    }


def transaction(shape: Shape) -> Transaction:
    """The other way."""
    before = shape["before"]
    return Transaction(
        shape["name"],
        shape["producer"],
        shape["epoch"],
        shape["timeout"],
        shape["state"],
        shape["began"],
        dict.fromkeys((topic, number) for topic, number in shape["partitions"]),
        dict.fromkeys(shape["groups"]),
        {(topic, number): marker(each) for topic, number, each in shape["unmarked"]},
        before=None if before is None else (before[0], before[1]),
    )


def of_marker(batch: Batch) -> Shape:
    """A control batch, and where it stands if it does."""
    return {
        "offset": batch.base_offset,
        "producer": batch.producer_id,
        "epoch": batch.producer_epoch,
        "at": batch.max_timestamp,
        "end": batch.control,
        "size": batch.size,
    }


def marker(shape: Shape) -> Batch:
    """The other way: as the coordinator makes it, before it is appended."""
    return Batch(
        payload=(),
        records=1,
        size=shape["size"],
        first_timestamp=shape["at"],
        max_timestamp=shape["at"],
        producer_id=shape["producer"],
        producer_epoch=shape["epoch"],
        transactional=True,
        control=shape["end"],
    )


def of_settled(kept: Settled) -> Shape:
    """What a log's batches do not tell."""
    return {
        "start": kept.start,
        "first": kept.first,
        "known": [[number, _of_producer(each)] for number, each in kept.base.known.items()],
        "open": list(kept.base.open.items()),
        "base": kept.base_offset,
        "aborted": kept.aborted,
        "dirty": kept.dirty_from,
        "horizons": list(kept.horizons.items()),
        "epochs": kept.epochs,
    }


def settled(shape: Shape) -> Settled:
    """The other way."""
    base = Producers()
    base.known = {number: _producer(number, each) for number, each in shape["known"]}
    base.open = dict(shape["open"])
    return Settled(
        shape["start"],
        shape["first"],
        base,
        shape["base"],
        [Aborted(*each) for each in shape["aborted"]],
        shape["dirty"],
        dict(shape["horizons"]),
        [(epoch, start) for epoch, start in shape["epochs"]],
    )


def _of_producer(producer: Producer) -> list[Any]:
    recent = [
        [each.base_offset, each.last_delta, each.base_sequence, each.records, each.max_timestamp]
        for each in producer.recent
    ]
    return [producer.epoch, producer.last_sequence, producer.last_timestamp, recent]


def _producer(number: int, shape: list[Any]) -> Producer:
    producer = Producer(shape[0])
    producer.last_sequence, producer.last_timestamp = shape[1], shape[2]
    for base_offset, last_delta, sequence, records, stamp in shape[3]:
        # Only to answer one that comes again: its payload is not asked for.
        producer.recent.append(
            Batch(
                payload=b"",
                records=records,
                size=0,
                first_timestamp=stamp,
                max_timestamp=stamp,
                base_offset=base_offset,
                last_delta=last_delta,
                producer_id=number,
                producer_epoch=shape[0],
                base_sequence=sequence,
            )
        )
    return producer
