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

REASONS: dict[str, str] = {}
"""Why a test does not pass here, by its name."""


def run(scratch: Path) -> list[Outcome]:
    """Run them against a broker of our own."""
    where = suites.unpacked(PACKAGE, scratch)
    (where / "test" / "__init__.py").touch()
    (where / "test" / "service.py").write_text(SERVICE)
    (where / "servers" / "4.0.0" / "kafka-bin").mkdir(parents=True)
    with start() as kafka:
        environment = {
            "KAFKA_VERSION": "4.0.0",
            "KAFKA_URI": f"kafka://{kafka.bootstrap_servers}",
        }
        return suites.run(where, TESTS, environment)
