"""What tests of Kafka's clients wait for."""

from minibroker.wire.kafka.running import Running
from tests.wire.waiting import PATIENCE, Process, soon, until

__all__ = ["PATIENCE", "SESSION_MS", "Process", "make_topic", "soon", "until"]

SESSION_MS = 6_000
"""The shortest session that a broker takes."""


def make_topic(kafka: Running, name: str, partitions: int, replicas: int = 1) -> None:
    """Which no test here is about."""
    kafka.ask(
        lambda server: server.cluster.create_topic(
            name, partitions, replicas, {"min.insync.replicas": str(max(1, replicas - 1))}
        )
    )
