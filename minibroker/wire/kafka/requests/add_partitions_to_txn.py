"""AddPartitionsToTxn, as clients ask it: from version 4 on it is for brokers among themselves."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.grouped import Place, by_topic, fenced


def answer(call: Call) -> Answer:
    """A result for each partition: all are added, or none."""
    request, types = call.request, call.types
    places = [
        (topic.name, number) for topic in request.v3_and_below_topics for number in topic.partitions
    ]
    results = dict.fromkeys(places, Code.NONE)
    try:
        call.must_coordinate(request.v3_and_below_transactional_id)
        call.cluster.transactions.add_partitions(
            call.who,
            request.v3_and_below_transactional_id,
            request.v3_and_below_producer_id,
            request.v3_and_below_producer_epoch,
            places,
        )
    except LogError as error:
        results = {place: _code(call, place, error.code) for place in places}
    return types.AddPartitionsToTxnResponse(
        results_by_topic_v3_and_below=tuple(
            types.AddPartitionsToTxnTopicResult(
                name=name,
                results_by_partition=tuple(
                    types.AddPartitionsToTxnPartitionResult(
                        partition_index=number, partition_error_code=code
                    )
                    for number, code in its
                ),
            )
            for name, its in by_topic(results).items()
        )
    )


def _code(call: Call, place: Place, code: Code) -> Code:
    """Those that were not added only because of others are told so."""
    if code is not Code.UNKNOWN_TOPIC_OR_PARTITION:
        return fenced(code, call.version)
    topic, number = place
    try:
        there = 0 <= number < call.cluster.partitions(topic)
    except LogError:
        there = False
    return Code.OPERATION_NOT_ATTEMPTED if there else code
