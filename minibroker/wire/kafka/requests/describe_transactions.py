"""DescribeTransactions: how transactions are, for an operator (KIP-664)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.terms import EPOCH_US
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.grouped import numbers
from minibroker.wire.kafka.messages import AT_ONCE

_NEVER = timedelta(milliseconds=-1)
"""When a transaction began of an id that has had none."""


def answer(call: Call) -> Answer:
    """Each with its partitions."""
    return call.types.DescribeTransactionsResponse(
        transaction_states=tuple(_described(call, each) for each in call.request.transactional_ids)
    )


def _described(call: Call, name: str) -> Any:
    types = call.types
    try:
        call.must_coordinate(name)
        known = call.cluster.transactions.describe(name)
    except LogError as error:
        code = error.code
        if code is Code.INVALID_PRODUCER_ID_MAPPING:
            code = Code.TRANSACTIONAL_ID_NOT_FOUND
        return types.TransactionState(
            error_code=code,
            transactional_id=name,
            transaction_state="",
            transaction_timeout=AT_ONCE,
            transaction_start_time=_time(AT_ONCE),
            producer_id=-1,
            producer_epoch=-1,
            topics=(),
        )
    began = timedelta(microseconds=EPOCH_US + known.began) if known.began else _NEVER
    return types.TransactionState(
        transactional_id=name,
        transaction_state=known.state,
        transaction_timeout=timedelta(microseconds=known.timeout),
        transaction_start_time=_time(began),
        producer_id=known.producer_id,
        producer_epoch=known.epoch,
        topics=tuple(
            types.TopicData(topic=topic, partitions=its)
            for topic, its in numbers([*known.partitions, *known.unmarked]).items()
        ),
    )


def _time(since_1970: timedelta) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + since_1970
