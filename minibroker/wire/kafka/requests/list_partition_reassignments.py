"""ListPartitionReassignments: none, ever. Replicas are placed when a partition is made and do not
move afterwards (see `alter_partition_reassignments`), so none is on its way (KIP-455)."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """No partition at all; Kafka leaves out those that it does not know, too."""
    code, words = Code.NONE, None
    try:
        call.cluster.topics()
    except LogError as error:
        code, words = error.code, error.text
    return call.types.ListPartitionReassignmentsResponse(
        error_code=code, error_message=words, topics=()
    )
