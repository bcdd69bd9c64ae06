"""Which requests are served, in which versions, and by what.

This is the one place where a version is declared: `ApiVersions` tells clients what stands here.
Ranges begin where Kafka 4 begins (KIP-896) and end where the answer would need what this broker
does not have.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import NamedTuple

from minibroker.log.errors import Code
from minibroker.wire.kafka.call import Answered, Call
from minibroker.wire.kafka.messages import KEYS, Schema, schema


class Api(NamedTuple):
    """A request: its first and last version, and whether it may come before authentication."""

    name: str
    first: int
    last: int
    before_sasl: bool
    answer: Callable[[Call], Answered]


_SERVED: dict[str, tuple[int, int]] = {
    "api_versions": (0, 4),
    "metadata": (0, 13),
    "produce": (3, 12),
    "fetch": (4, 17),
    "list_offsets": (1, 10),
    "offset_for_leader_epoch": (2, 4),
    "find_coordinator": (0, 6),
    "init_producer_id": (0, 5),
    "add_partitions_to_txn": (0, 3),
    "add_offsets_to_txn": (0, 4),
    "txn_offset_commit": (0, 5),
    "end_txn": (0, 5),
    "describe_transactions": (0, 0),
    "list_transactions": (0, 1),
    "describe_producers": (0, 0),
    "join_group": (0, 9),
    "sync_group": (0, 5),
    "heartbeat": (0, 4),
    "leave_group": (0, 5),
    "consumer_group_heartbeat": (0, 1),
    "consumer_group_describe": (0, 1),
    "offset_commit": (2, 9),
    "offset_fetch": (1, 9),
    "offset_delete": (0, 0),
    "list_groups": (0, 5),
    "describe_groups": (0, 6),
    "delete_groups": (0, 2),
    "create_topics": (2, 7),
    "delete_topics": (1, 6),
    "create_partitions": (0, 3),
    "delete_records": (0, 2),
    "describe_configs": (1, 4),
    "alter_configs": (0, 2),
    "incremental_alter_configs": (0, 1),
    "describe_cluster": (0, 2),
    "describe_topic_partitions": (0, 0),
    "elect_leaders": (0, 2),
    "alter_partition_reassignments": (0, 1),
    "list_partition_reassignments": (0, 0),
    "list_config_resources": (0, 1),
    # librdkafka takes the same refusal of describe_acls for an empty list, so that is not served
    "create_acls": (1, 3),
    "delete_acls": (1, 3),
    "sasl_handshake": (1, 1),
    "sasl_authenticate": (0, 2),
}

_BEFORE_SASL = frozenset({"api_versions", "sasl_handshake", "sasl_authenticate"})


def served() -> list[tuple[int, int, int]]:
    """The key, first and last version of each request."""
    return sorted((KEYS[name], first, last) for name, (first, last) in _SERVED.items())


@cache
def _api(key: int) -> Api | None:
    for name, (first, last) in _SERVED.items():
        if KEYS[name] == key:
            handler = import_module(f"minibroker.wire.kafka.requests.{name}").answer
            return Api(name, first, last, name in _BEFORE_SASL, handler)
    return None


@cache
def found(key: int, version: int) -> tuple[Api, Schema] | None:
    """What serves that version of that request, None if nothing does."""
    api = _api(key)
    if api is None or not api.first <= version <= api.last:
        return None
    return api, schema(api.name, version)


def unsupported() -> bytes:
    """The body that answers ApiVersions of a version that is not served: one of version 0, which
    tells the client to ask again (KIP-511)."""
    form = schema("api_versions", 0)
    first, last = _SERVED["api_versions"]
    version = form.response.ApiVersion(
        api_key=KEYS["api_versions"], min_version=first, max_version=last
    )
    return form.written(
        form.response.ApiVersionsResponse(error_code=Code.UNSUPPORTED_VERSION, api_keys=(version,))
    )
