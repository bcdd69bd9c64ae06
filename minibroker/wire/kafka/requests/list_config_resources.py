"""ListConfigResources: what has a configuration (KIP-1142)."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.resources import Resource

_CLIENT_METRICS = 16
"""What version 0 is about; nobody can make any here."""


def answer(call: Call) -> Answer:
    """Topics and brokers, or those of the types that are asked for."""
    types = call.types
    if call.version == 0:
        return types.ListConfigResourcesResponse(error_code=Code.NONE, config_resources=())
    wanted = call.request.resource_types or tuple(Resource)
    names: dict[int, list[str]] = {_CLIENT_METRICS: []}
    code = Code.NONE
    try:
        names[Resource.TOPIC] = call.cluster.topics()
        names[Resource.BROKER] = [str(number) for number in call.cluster.brokers()]
        if not names.keys() >= set(wanted):
            raise LogError(Code.UNSUPPORTED_VERSION)
    except LogError as error:
        code, wanted = error.code, ()
    return types.ListConfigResourcesResponse(
        error_code=code,
        config_resources=tuple(
            types.ConfigResource(resource_name=name, resource_type=kind)
            for kind in wanted
            for name in names[kind]
        ),
    )
