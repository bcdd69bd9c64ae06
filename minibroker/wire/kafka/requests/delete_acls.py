"""DeleteAcls: there is no authorizer, and so no access list."""

from minibroker.log.errors import Code
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.operations import NO_AUTHORIZER


def answer(call: Call) -> Answer:
    """SECURITY_DISABLED for each filter, as Kafka answers without an authorizer."""
    types = call.types
    refused = types.DeleteAclsFilterResult(
        error_code=Code.SECURITY_DISABLED, error_message=NO_AUTHORIZER, matching_acls=()
    )
    return types.DeleteAclsResponse(filter_results=(refused,) * len(call.request.filters))
