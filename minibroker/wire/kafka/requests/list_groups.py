"""ListGroups: the groups that this broker coordinates."""

from minibroker.log.description import GroupInfo
from minibroker.wire.kafka.call import Answer, Call


def kind(group: GroupInfo) -> str:
    """Which protocol it is of (KIP-848)."""
    return "consumer" if group.modern else "classic"


def answer(call: Call) -> Answer:
    """All, or those of some states and types (KIP-518, KIP-848)."""
    states = {each.lower() for each in getattr(call.request, "states_filter", ())}
    types_wanted = {each.lower() for each in getattr(call.request, "types_filter", ())}
    groups = tuple(
        call.types.ListedGroup(
            group_id=each.group,
            protocol_type=each.protocol_type,
            group_state=each.state,
            group_type=kind(each),
        )
        for each in call.cluster.groups.list()
        if call.broker.server.coordinator(each.group) == call.broker.number
        and (not states or each.state.lower() in states)
        and (not types_wanted or kind(each) in types_wanted)
    )
    return call.types.ListGroupsResponse(groups=groups)
