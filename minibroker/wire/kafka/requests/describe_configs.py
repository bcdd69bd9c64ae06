"""DescribeConfigs: what is in force for a topic or a broker, and where it comes from."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from minibroker.log import config as configs
from minibroker.log.config import Kind, Source
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka import broker_config
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.resources import Resource, check_broker, kind_of


class _Entry(NamedTuple):
    """A setting and what it may be called for: its value, and that which it would have else."""

    name: str
    kind: Kind
    read_only: bool
    values: list[tuple[str, Source]]


def answer(call: Call) -> Answer:
    """All settings of each resource, or those that are asked for by name."""
    return call.types.DescribeConfigsResponse(
        results=tuple(_described(call, each) for each in call.request.resources)
    )


def _described(call: Call, resource: Any) -> Any:
    types, keys = call.types, resource.configuration_keys  # none, or an empty list, are all
    code, words = Code.NONE, None
    entries: list[_Entry] = []
    try:
        of = _of_topic if kind_of(resource) is Resource.TOPIC else _of_broker
        entries = list(of(call, resource.resource_name))
    except LogError as error:
        code, words = error.code, error.text
    return types.DescribeConfigsResult(
        error_code=code,
        error_message=words,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=tuple(_written(call, each) for each in entries if not keys or each.name in keys),
    )


def _of_topic(call: Call, name: str) -> Iterator[_Entry]:
    given = call.cluster.given_config(name)
    for setting, value in call.cluster.config(name).items():
        values = [(configs.SETTINGS[setting][2], Source.DEFAULT)]
        if (common := configs.source(setting, {})) is not Source.DEFAULT:
            values.insert(0, (values[0][0], common))
        if setting in given:
            values.insert(0, (value, Source.TOPIC))
        yield _Entry(setting, configs.kind(setting), False, values)


def _of_broker(call: Call, name: str) -> Iterator[_Entry]:
    check_broker(call, name)
    call.cluster.brokers()  # so that a fault that was asked for shows here, too
    if not name:
        return  # it stands for what was set for all brokers while they run, which is nothing
    for each in broker_config.settings(call.broker):
        source = Source.STATIC_BROKER if each.given else Source.DEFAULT
        yield _Entry(each.name, each.kind, True, [(each.value, source)])


def _written(call: Call, entry: _Entry) -> Any:
    types = call.types
    value, source = entry.values[0]
    synonyms = entry.values if call.request.include_synonyms else []
    return types.DescribeConfigsResourceResult(
        name=entry.name,
        value=value,
        read_only=entry.read_only,
        config_source=source,
        is_sensitive=False,
        synonyms=tuple(
            types.DescribeConfigsSynonym(name=entry.name, value=text, source=where)
            for text, where in synonyms
        ),
        config_type=entry.kind,
        documentation=None,
    )
