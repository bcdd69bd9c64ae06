"""A consumer's configuration as the agent reads it: checked again, since it came over the boundary.
Spans are virtual microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass

from minibroker.agents import assignors
from minibroker.agents.kafka_errors import BadRequest, KafkaFailure, Local
from minibroker.sim.clock import MILLISECOND, SECOND
from minibroker.sim.values import Value

END, BEGINNING = -1, -2

RESETS: Mapping[str, int | None] = {
    "smallest": BEGINNING, "earliest": BEGINNING, "beginning": BEGINNING,
    "largest": END, "latest": END, "end": END,
    "error": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """See librdkafka's CONFIGURATION.md for what each does. `reset` is the logical offset to begin
    at where there is no other, None for an error instead; `refresh` is how often metadata is asked
    for, None for never."""

    client_id: str
    group: str
    instance_id: str | None
    strategies: list[str]
    session: int
    heartbeat: int
    poll_interval: int
    auto_commit: bool
    auto_commit_interval: int
    stores: bool
    committed_only: bool
    tells_end: bool
    reset: int | None
    refresh: int | None

    @property
    def cooperative(self) -> bool:
        """Whether the consumer rebalances incrementally."""
        return self.strategies == [assignors.COOPERATIVE_STICKY]


def consumer_settings(given: Value) -> ConsumerSettings:
    """Read what `minibroker.clients.kafka_config.settings` made; raises `BadRequest`, and
    `KafkaFailure` for strategies that cannot be."""
    if not isinstance(given, dict):
        raise BadRequest("the configuration is a dict")
    group, instance = given.get("group.id"), given.get("group.instance.id")
    if not isinstance(group, str) or not group:
        raise BadRequest("group.id is a str")
    if instance is not None and not isinstance(instance, str):
        raise BadRequest("group.instance.id is a str")
    reset, strategies = given.get("auto.offset.reset"), given.get("partition.assignment.strategy")
    if not isinstance(reset, str) or reset not in RESETS:
        raise BadRequest(f"there is no reset to {reset!r}")
    try:
        names = assignors.names(strategies if isinstance(strategies, str) else "")
    except ValueError as bad:
        raise KafkaFailure(Local.INVALID_ARG, f"Failed to create consumer: {bad}") from None
    return ConsumerSettings(
        client_id=str(given.get("client.id") or "rdkafka"),
        group=group,
        instance_id=instance or None,
        strategies=names,
        session=_span(given, "session.timeout.ms"),
        heartbeat=max(MILLISECOND, _span(given, "heartbeat.interval.ms")),
        poll_interval=max(MILLISECOND, _span(given, "max.poll.interval.ms")),
        auto_commit=given.get("enable.auto.commit") is True,
        auto_commit_interval=_span(given, "auto.commit.interval.ms"),
        stores=given.get("enable.auto.offset.store") is True,
        committed_only=given.get("isolation.level") != "read_uncommitted",
        tells_end=given.get("enable.partition.eof") is True,
        reset=RESETS[reset],
        refresh=_refresh(given.get("topic.metadata.refresh.interval.ms")),
    )


def _refresh(given: Value) -> int | None:
    """-1 turns it off; nothing is librdkafka's default."""
    if given is None:
        return 300 * SECOND
    return round(given * MILLISECOND) if isinstance(given, int | float) and given > 0 else None


def _span(given: Mapping[str, Value], name: str) -> int:
    found = given.get(name)
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found < 2**31:
        raise BadRequest(f"{name} must be a span in milliseconds, not {found!r}")
    return round(found * MILLISECOND)
