"""The settings of a Kafka with one node, for ``server.properties`` and for a container."""

from collections.abc import Mapping


def settings(
    listen: str, ports: tuple[int, int, int], host: str, advertised: int
) -> dict[str, str]:
    """One node that is broker and controller (KRaft). On the first of `ports` of `listen` it has
    clients, whom it tells to come to `host` and `advertised`. On the other two of loopback it talks
    to itself, as transactions and share groups make it do: it may not reach where clients do."""
    clients, broker, controller = ports
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://{listen}:{clients},BROKER://127.0.0.1:{broker},"
        f"CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://{host}:{advertised},BROKER://127.0.0.1:{broker}",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,"
        "CONTROLLER:PLAINTEXT",
        # A single node has nobody to copy to.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # Three seconds in which it would wait for more members, as in Kafka's own quick start.
        "group.initial.rebalance.delay.ms": "0",
        # Fifty files each are made when a group or a transaction comes first.
        "offsets.topic.num.partitions": "5",
        "transaction.state.log.num.partitions": "5",
        "share.coordinator.state.topic.num.partitions": "5",
    }


def properties(of: Mapping[str, str]) -> str:
    """As a file."""
    return "".join(f"{name}={value}\n" for name, value in of.items())


def variables(of: Mapping[str, str]) -> dict[str, str]:
    """As the environment of the official image: ``node.id`` is KAFKA_NODE_ID."""
    return {"KAFKA_" + name.replace(".", "_").upper(): value for name, value in of.items()}
