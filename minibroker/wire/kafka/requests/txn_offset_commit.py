"""TxnOffsetCommit: a group's positions, to be set when the transaction commits."""

from minibroker.log.errors import LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.positions import asked, told

_ADDS = 5
"""The version that clients of transaction version 2 use: nobody has added the group (KIP-890)."""


def answer(call: Call) -> Answer:
    """A result for each partition."""
    request, types = call.request, call.types
    offsets, codes = asked(call)
    transactions = call.cluster.transactions
    producer = (request.transactional_id, request.producer_id, request.producer_epoch)
    try:
        call.must_coordinate(request.group_id)
        if call.version >= _ADDS:
            transactions.add_offsets(call.who, *producer, request.group_id)
        transactions.commit_offsets(
            call.who,
            *producer,
            request.group_id,
            offsets,
            member_id=getattr(request, "member_id", ""),
            generation=getattr(request, "generation_id", -1),
            instance_id=getattr(request, "group_instance_id", None),
        )
    except LogError as error:
        codes |= dict.fromkeys(offsets, error.code)
    topics = told(codes, types.TxnOffsetCommitResponsePartition, types.TxnOffsetCommitResponseTopic)
    return types.TxnOffsetCommitResponse(topics=topics)
