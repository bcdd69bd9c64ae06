"""EndTxn: commit or abort. Clients of transaction version 2 ask by version 5 and go on with a new
epoch (KIP-890)."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.grouped import fenced

_BUMPS = 5


def answer(call: Call) -> Answer:
    """It is decided then, and may not be marked everywhere yet."""
    request = call.request
    code, producer_id, epoch = Code.NONE, -1, -1
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
        code = fenced(error.code, call.version)
    return call.types.EndTxnResponse(error_code=code, producer_id=producer_id, producer_epoch=epoch)
