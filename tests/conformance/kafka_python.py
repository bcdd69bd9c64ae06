"""kafka-python's integration tests, of its admin client, consumer and producer.

The source package lacks two files that its tests import: one that makes ``test`` a package, and one
that starts brokers, which it does not do for a broker that is there already. Both are stood in for.
"""

from pathlib import Path

from minibroker.wire.kafka.running import start
from tests.conformance import suites
from tests.conformance.suites import Outcome

PACKAGE = "kafka-python"

TESTS = [
    f"test/integration/test_{name}_integration.py" for name in ("admin", "consumer", "producer")
]

SERVICE = """
class ExternalService:
    def __init__(self, host, port):
        self.host, self.port = host, port

    def open(self):
        pass

    def close(self):
        pass


class SpawnedService:
    pass
"""

_ONE_PROCESS = (
    "A broker of one process has no truth to tell here, so the request is not served: {}."
)

REASONS: dict[str, str] = {
    "test_admin_integration::test_create_describe_delete_acls": (
        "There are no access control lists yet; a broker without an authorizer refuses the test too"
    ),
    "test_admin_integration::test_create_partitions": (
        "The test places new partitions on broker 0. Our brokers count from 1 and place replicas "
        "by themselves, which the answer says"
    ),
    "test_admin_integration::test_describe_log_dirs": _ONE_PROCESS.format("log directories"),
    "test_admin_integration::test_alter_replica_log_dirs": _ONE_PROCESS.format("log directories"),
    "test_admin_integration::test_describe_metadata_quorum": _ONE_PROCESS.format("a quorum"),
    "test_consumer_integration::test_group": (
        "The test asks for a session of 3 s; `group.min.session.timeout.ms` is 6 s here, "
        "as in Kafka by default"
    ),
}
"""Why a test does not pass here, by its name."""


def run(scratch: Path) -> list[Outcome]:
    """Run them against a broker of our own."""
    where = suites.unpacked(PACKAGE, scratch)
    (where / "test" / "__init__.py").touch()
    (where / "test" / "service.py").write_text(SERVICE)
    (where / "servers" / "4.0.0" / "kafka-bin").mkdir(parents=True)
    with start(partitions=4) as kafka:  # as the suite sets up its own
        environment = {
            "KAFKA_VERSION": "4.0.0",
            "KAFKA_URI": f"kafka://{kafka.bootstrap_servers}",
        }
        return suites.run(where, TESTS, environment)
