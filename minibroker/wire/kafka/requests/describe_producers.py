"""DescribeProducers: what a partition's leader remembers of producers (KIP-664)."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.producers import Producers
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """The producers of each partition that this broker leads."""
    types = call.types
    return types.DescribeProducersResponse(
        topics=tuple(
            types.TopicResponse(
                name=topic.name,
                partitions=tuple(
                    _partition(call, topic.name, number) for number in topic.partition_indexes
                ),
            )
            for topic in call.request.topics
        )
    )


def _partition(call: Call, topic: str, number: int) -> Any:
    code, words = Code.NONE, None
    active: tuple[Any, ...] = ()
    try:
        call.must_lead(topic, number)
        active = _active(call, call.cluster.producers(topic, number))
    except LogError as error:
        code, words = error.code, error.text
    return call.types.PartitionResponse(
        partition_index=number, error_code=code, error_message=words, active_producers=active
    )


def _active(call: Call, producers: Producers) -> tuple[Any, ...]:
    return tuple(
        call.types.ProducerState(
            producer_id=producer_id,
            producer_epoch=each.epoch,
            last_sequence=each.last_sequence,
            last_timestamp=each.last_timestamp,
            # Its control batches all bear epoch 0; who has none has no coordinator.
            coordinator_epoch=0 if call.cluster.transactions.name_of(producer_id) else -1,
            current_txn_start_offset=producers.open.get(producer_id, -1),
        )
        for producer_id, each in producers.known.items()
    )
