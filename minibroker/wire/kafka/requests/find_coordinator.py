"""FindCoordinator: the broker for a group, or for a transactional id."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_MANY = 4
"""The version from which on many are asked for at once (KIP-699)."""

_KINDS = (0, 1)
"""Groups and transactional ids; 2, of share groups, is not served."""


def answer(call: Call) -> Answer:
    """Number and address of each."""
    request, types = call.request, call.types
    if call.version < _MANY:
        found = _found(call, request.key)
        found.pop("key")
        return types.FindCoordinatorResponse(**found)
    return types.FindCoordinatorResponse(
        coordinators=tuple(
            types.Coordinator(**_found(call, key)) for key in request.coordinator_keys
        )
    )


def _found(call: Call, key: str) -> dict[str, Any]:
    found = {"key": key, "node_id": -1, "host": "", "port": -1}
    server = call.broker.server
    try:
        if getattr(call.request, "key_type", 0) not in _KINDS:
            raise LogError(
                Code.INVALID_REQUEST, "coordinators are those of groups (0) and transactions (1)"
            )
        broker = server.brokers[server.coordinator(key)]
    except LogError as error:
        return found | {"error_code": error.code, "error_message": error.text}
    return found | {
        "node_id": broker.number,
        "host": broker.host,
        "port": broker.port,
        "error_code": Code.NONE,
        "error_message": None,
    }
