"""ListTransactions: those that this broker coordinates (KIP-664)."""

from typing import Any, get_args

from minibroker.log.errors import LogError
from minibroker.log.transaction import State, Transaction
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """All, or those in some states, of some producers, or open for so long (KIP-994)."""
    types, wanted = call.types, call.request.state_filters
    try:
        transactions = call.cluster.transactions
        known = [transactions.describe(name) for name in transactions.names()]
        found = [each for each in known if _is_wanted(call, each)]
    except LogError as error:
        return types.ListTransactionsResponse(error_code=error.code, transaction_states=())
    return types.ListTransactionsResponse(
        unknown_state_filters=tuple(each for each in wanted if each not in get_args(State)),
        transaction_states=tuple(_listed(call, each) for each in found),
    )


def _is_wanted(call: Call, transaction: Transaction) -> bool:
    request, server = call.request, call.broker.server
    least = getattr(request, "duration_filter", -1)
    return (
        server.coordinator(transaction.name) == call.broker.number
        and (not request.state_filters or transaction.state in request.state_filters)
        and (
            not request.producer_id_filters
            or transaction.producer_id in request.producer_id_filters
        )
        and (
            least < 0
            or (
                transaction.state in ("Ongoing", "PrepareCommit", "PrepareAbort")
                and server.clock.now - transaction.began > least * 1_000
            )
        )
    )


def _listed(call: Call, transaction: Transaction) -> Any:
    return call.types.TransactionState(
        transactional_id=transaction.name,
        producer_id=transaction.producer_id,
        transaction_state=transaction.state,
    )
