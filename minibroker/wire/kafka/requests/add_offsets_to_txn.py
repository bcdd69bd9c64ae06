"""AddOffsetsToTxn: a transaction will commit offsets of a group."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.grouped import fenced


def answer(call: Call) -> Answer:
    """Whether it may."""
    request, code = call.request, Code.NONE
    try:
        call.must_coordinate(request.transactional_id)
        call.cluster.transactions.add_offsets(
            call.who,
            request.transactional_id,
            request.producer_id,
            request.producer_epoch,
            request.group_id,
        )
    except LogError as error:
        code = fenced(error.code, call.version)
    return call.types.AddOffsetsToTxnResponse(error_code=code)
