"""What a broker's settings are, under Kafka's names ("Broker Configs").

Rule: only what this broker does as the setting says is here, and none of it can be changed while it
runs. Most are constants of the engine; what was chosen when the server was made, or is not Kafka's
default, counts as set in the broker's file.
"""

from typing import NamedTuple

from minibroker.log import config as configs
from minibroker.log.cluster import CHECK_RETENTION, CLEANER_BACKOFF
from minibroker.log.config import Kind
from minibroker.log.groups import LEAST_SESSION, MOST_SESSION
from minibroker.log.offsets import MOST_METADATA, RETENTION
from minibroker.log.replication import BROKER_SESSION, REBALANCE_CHECK
from minibroker.log.transactions import LONGEST_TIMEOUT
from minibroker.sim.clock import SECOND
from minibroker.wire.kafka.broker import Broker
from minibroker.wire.kafka.frames import LARGEST

MS = SECOND // 1_000


class Setting(NamedTuple):
    """A setting; `given` says that it was set and is no default."""

    name: str
    value: str
    kind: Kind
    given: bool = False


def settings(broker: Broker) -> list[Setting]:
    """All of one broker, by name."""
    server = broker.server
    protocol = ("SASL_" if server.must_authenticate else "") + ("SSL" if server.tls else "")
    protocol = protocol if server.tls else protocol + "PLAINTEXT"
    listener = f"{protocol}://{broker.host}:{broker.port}"
    delay = server.cluster.groups.initial_delay // MS
    create = server.auto_create
    largest = configs.SETTINGS["max.message.bytes"][2]
    found = [
        Setting("advertised.listeners", listener, Kind.LIST, True),
        Setting("auto.create.topics.enable", _text(create), Kind.BOOLEAN, not create),
        Setting("auto.leader.rebalance.enable", "true", Kind.BOOLEAN),
        Setting("broker.session.timeout.ms", str(BROKER_SESSION // MS), Kind.INT),
        Setting("default.replication.factor", "1", Kind.INT),
        Setting("delete.topic.enable", "true", Kind.BOOLEAN),
        Setting("group.initial.rebalance.delay.ms", str(delay), Kind.INT, delay != 3_000),
        Setting("group.max.session.timeout.ms", str(MOST_SESSION // MS), Kind.INT),
        Setting("group.min.session.timeout.ms", str(LEAST_SESSION // MS), Kind.INT),
        Setting(
            "leader.imbalance.check.interval.seconds", str(REBALANCE_CHECK // SECOND), Kind.LONG
        ),
        Setting("listeners", listener, Kind.LIST, True),
        Setting("log.cleaner.backoff.ms", str(CLEANER_BACKOFF // MS), Kind.LONG),
        Setting("log.retention.check.interval.ms", str(CHECK_RETENTION // MS), Kind.LONG),
        Setting("message.max.bytes", largest, Kind.INT),
        Setting("node.id", str(broker.number), Kind.INT, True),
        Setting("num.partitions", "1", Kind.INT),
        Setting("offset.metadata.max.bytes", str(MOST_METADATA), Kind.INT),
        Setting("offsets.retention.minutes", str(RETENTION // (60 * SECOND)), Kind.INT),
        Setting("socket.request.max.bytes", str(LARGEST), Kind.INT),
        Setting("transaction.max.timeout.ms", str(LONGEST_TIMEOUT // MS), Kind.INT),
    ]
    if server.must_authenticate:
        found.append(Setting("sasl.enabled.mechanisms", "PLAIN", Kind.LIST, True))
    return sorted(found)


def _text(truth: bool) -> str:
    return "true" if truth else "false"
