"""AddPartitionsToTxn: partitions that a transaction will write to. From version 4 on it is between
brokers only."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.messages import code_of

_FENCED = 2
"""The version from which on a client knows PRODUCER_FENCED (KIP-588)."""


def answer(call: Call) -> Answer:
    """The same result for each: all are added, or none."""
    request, types, code = call.request, call.types, Code.NONE
    name = request.v3_and_below_transactional_id
    topics = request.v3_and_below_topics
    try:
        call.must_coordinate(name)
        call.cluster.transactions.add_partitions(
            call.who,
            name,
            request.v3_and_below_producer_id,
            request.v3_and_below_producer_epoch,
            [(topic.name, number) for topic in topics for number in topic.partitions],
        )
    except LogError as error:
        code = error.code
        if code is Code.PRODUCER_FENCED and call.version < _FENCED:
            code = Code.INVALID_PRODUCER_EPOCH
    results = tuple(
        types.AddPartitionsToTxnTopicResult(
            name=topic.name,
            results_by_partition=tuple(
                types.AddPartitionsToTxnPartitionResult(
                    partition_index=number, partition_error_code=code_of(code)
                )
                for number in topic.partitions
            ),
        )
        for topic in topics
    )
    return types.AddPartitionsToTxnResponse(results_by_topic_v3_and_below=results)
