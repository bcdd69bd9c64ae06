"""AlterConfigs: all that is set for a topic is what stands in the request; what does not has its
default again. Kafka 4 still takes it, and aiokafka knows nothing else."""

from typing import Any

from minibroker.log.config_changes import Change, Operation, changed
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.resources import Resource, check_once, kind_of, unchangeable


def answer(call: Call) -> Answer:
    """A result for each resource."""
    return call.types.AlterConfigsResponse(
        responses=tuple(_altered(call, each) for each in call.request.resources)
    )


def _altered(call: Call, resource: Any) -> Any:
    code, words, name = Code.NONE, None, resource.resource_name
    try:
        check_once(resource, call.request.resources)
        if kind_of(resource) is Resource.BROKER:
            raise unchangeable(call, name)
        given = call.cluster.given_config(name)
        changes = [Change(each.name, Operation.SET, each.value) for each in resource.configs]
        call.cluster.alter_config(
            name,
            dict.fromkeys(given) | changed(given, changes),
            validate_only=call.request.validate_only,
        )
    except LogError as error:
        code, words = error.code, error.text
    return call.types.AlterConfigsResourceResponse(
        error_code=code,
        error_message=words,
        resource_type=resource.resource_type,
        resource_name=name,
    )
