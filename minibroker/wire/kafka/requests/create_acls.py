"""CreateAcls: there is no authorizer that would look at an access list."""

from minibroker.log.errors import Code
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.operations import NO_AUTHORIZER


def answer(call: Call) -> Answer:
    """SECURITY_DISABLED for each, as Kafka answers without an authorizer."""
    types = call.types
    refused = types.AclCreationResult(
        error_code=Code.SECURITY_DISABLED, error_message=NO_AUTHORIZER
    )
    return types.CreateAclsResponse(results=(refused,) * len(call.request.creations))
