"""EndTxn: commit or abort."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_BUMPS = 5
"""The version that clients of transaction version 2 use: the answer has a new epoch (KIP-890)."""


def answer(call: Call) -> Answer:
    """The producer's id and epoch to go on with, from version 5 on."""
    request, code = call.request, Code.NONE
    producer_id, epoch = -1, -1
    try:
        call.must_coordinate(request.transactional_id)
        producer_id, epoch = call.cluster.transactions.end(
            call.who,
            request.transactional_id,
            request.producer_id,
            request.producer_epoch,
            request.committed,
            bump=call.version >= _BUMPS,
        )
    except LogError as error:
        code = error.code
        if code is Code.PRODUCER_FENCED and call.version < 2:
            code = Code.INVALID_PRODUCER_EPOCH
    return call.types.EndTxnResponse(error_code=code, producer_id=producer_id, producer_epoch=epoch)
