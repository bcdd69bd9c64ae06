"""CreateTopics, or only whether they could be created."""

from collections import Counter
from typing import Any

from minibroker.log import config as configs
from minibroker.log import topic as topics
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """A result for each topic; one for those that are named twice."""
    wanted = call.request.topics
    names = Counter(each.name for each in wanted)
    wrong: LogError | None = None
    try:
        topics.check_together(each.num_partitions for each in wanted)
    except LogError as error:
        wrong = error
    return call.types.CreateTopicsResponse(
        topics=tuple(
            _made(call, each, names[each.name] > 1, wrong)
            for each in {topic.name: topic for topic in wanted}.values()
        )
    )


def _made(call: Call, each: Any, twice: bool, wrong: LogError | None) -> Any:
    types, cluster = call.types, call.cluster
    code, words, partitions, replicas = Code.NONE, None, -1, -1
    settings: dict[str, str] = {}
    result: dict[str, Any] = {"topic_id": None}
    try:
        if wrong is not None:
            raise wrong
        if twice:
            raise LogError(Code.INVALID_REQUEST, f"topic {each.name!r} is asked for twice")
        if each.assignments:
            raise LogError(
                Code.INVALID_REQUEST,
                "this broker places replicas by itself; give a number of partitions and replicas",
            )
        given = {config.name: config.value for config in each.configs if config.value is not None}
        partitions, replicas = each.num_partitions, each.replication_factor
        if partitions == -1:
            partitions = call.broker.server.partitions
        if call.request.validate_only:
            topics.check_name(each.name, cluster.topics())
            running = len(cluster.brokers())
            topics.check_size(partitions, 1 if replicas == -1 else replicas, running)
            settings = configs.described(configs.parsed(given))
        else:
            cluster.create_topic(each.name, partitions, replicas, given)
            info = cluster.describe(each.name)
            partitions, replicas = len(info), len(info[0].replicas)
            settings = cluster.config(each.name)
            result["topic_id"] = cluster.topic_id(each.name)
    except LogError as error:
        code, words, partitions, replicas = error.code, error.text, -1, -1
    if call.version >= 5:
        result["configs"] = tuple(
            types.CreatableTopicConfigs(
                name=name,
                value=value,
                read_only=False,
                config_source=configs.source(name, given),
                is_sensitive=False,
            )
            for name, value in settings.items()
        )
    return types.CreatableTopicResult(
        name=each.name,
        error_code=code,
        error_message=words,
        num_partitions=partitions,
        replication_factor=replicas,
        **result,
    )
