"""IncrementalAlterConfigs: change some settings of topics and leave the others (KIP-339)."""

from typing import Any

from minibroker.log.config_changes import Change, changed
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.resources import Resource, check_once, kind_of, unchangeable


def answer(call: Call) -> Answer:
    """A result for each resource, of which all changes are made or none."""
    return call.types.IncrementalAlterConfigsResponse(
        responses=tuple(_altered(call, each) for each in call.request.resources)
    )


def _altered(call: Call, resource: Any) -> Any:
    code, words, name = Code.NONE, None, resource.resource_name
    try:
        check_once(resource, call.request.resources)
        if kind_of(resource) is Resource.BROKER:
            raise unchangeable(call, name)
        changes = [
            Change(each.name, each.config_operation, each.value) for each in resource.configs
        ]
        call.cluster.alter_config(
            name,
            changed(call.cluster.given_config(name), changes),
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
