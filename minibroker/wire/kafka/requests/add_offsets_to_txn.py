"""AddOffsetsToTxn: a group whose offsets a transaction will commit."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """Whether it was added."""
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
        code = error.code
        if code is Code.PRODUCER_FENCED and call.version < 2:
            code = Code.INVALID_PRODUCER_EPOCH
    return call.types.AddOffsetsToTxnResponse(error_code=code)
