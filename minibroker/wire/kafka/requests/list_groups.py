"""ListGroups: those that this broker coordinates, so that a client asks all brokers."""

from minibroker.log.description import GroupInfo
from minibroker.log.errors import LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """All, or those in some states (KIP-518) or of some kinds (KIP-848)."""
    types, request = call.types, call.request
    states = {each.lower() for each in getattr(request, "states_filter", ())}
    kinds = {each.lower() for each in getattr(request, "types_filter", ())}
    try:
        found = [each for each in call.cluster.groups.list() if _ours(call, each)]
    except LogError as error:
        return types.ListGroupsResponse(error_code=error.code, groups=())
    return types.ListGroupsResponse(
        groups=tuple(
            types.ListedGroup(
                group_id=each.group,
                protocol_type=each.protocol_type,
                group_state=each.state,
                group_type=_kind(each),
            )
            for each in found
            if (not states or each.state.lower() in states) and (not kinds or _kind(each) in kinds)
        )
    )


def _kind(group: GroupInfo) -> str:
    return "consumer" if group.modern else "classic"


def _ours(call: Call, group: GroupInfo) -> bool:
    return call.broker.server.coordinator(group.group) == call.broker.number
