"""InitProducerId: an id for an idempotent producer, or the one of a transactional id."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.messages import ms


def answer(call: Call) -> Answer:
    """The id and the epoch; whoever had the transactional id before is fenced."""
    request = call.request
    name = request.transactional_id
    code, producer_id, epoch = Code.NONE, -1, -1
    try:
        if name == "":
            raise LogError(Code.INVALID_REQUEST, "a transactional id must not be empty")
        if name:
            call.must_coordinate(name)
        producer_id, epoch = call.cluster.transactions.init_producer(
            call.who,
            name or "",
            ms(request.transaction_timeout) * 1_000,
            getattr(request, "producer_id", -1),
            getattr(request, "producer_epoch", -1),
        )
    except LogError as error:
        code = error.code
        if code is Code.PRODUCER_FENCED and call.version < 4:
            code = Code.INVALID_PRODUCER_EPOCH  # what older clients know it by (KIP-588)
    return call.types.InitProducerIdResponse(
        error_code=code, producer_id=producer_id, producer_epoch=epoch
    )
