"""TxnOffsetCommit: positions of a group that count if a transaction commits. The group's
coordinator is asked, not the transaction's."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.positions import asked, refused, told

_ABORTABLE, _ADDS = 4, 5
"""The versions from which on clients know TRANSACTION_ABORTABLE, and from which on the group is
added to the transaction by this request (KIP-890)."""


def answer(call: Call) -> Answer:
    """A result for each partition."""
    request, types = call.request, call.types
    try:
        call.must_coordinate(request.group_id)
        offsets, codes = asked(call)
        if offsets:
            call.cluster.transactions.commit_offsets(
                call.who,
                request.transactional_id,
                request.producer_id,
                request.producer_epoch,
                request.group_id,
                offsets,
                member_id=getattr(request, "member_id", ""),
                generation=getattr(request, "generation_id", -1),
                instance_id=getattr(request, "group_instance_id", None),
                add=call.version >= _ADDS,
            )
    except LogError as error:
        code = error.code
        if code is Code.INVALID_TXN_STATE and call.version >= _ABORTABLE:
            code = Code.TRANSACTION_ABORTABLE
        codes = refused(call, code)
    topics = told(codes, types.TxnOffsetCommitResponsePartition, types.TxnOffsetCommitResponseTopic)
    return types.TxnOffsetCommitResponse(topics=topics)
