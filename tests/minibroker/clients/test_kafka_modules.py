"""What `import confluent_kafka` gives a learner's code, inline and in a child alike."""

import confluent_kafka
import pytest
from confluent_kafka import admin

from graders.sandbox.transport import children
from minibroker.clients.confluent_kafka import OURS, SHARED, modules
from minibroker.sim.trace import Exited
from tests.minibroker.producing import Ran, play


def ended(ran: Ran) -> tuple[str, str]:
    (event,) = ran.trace.of(Exited)
    return event.error, event.message


IMPORTS = """
    import confluent_kafka
    import confluent_kafka.admin
    import confluent_kafka.admin as other
    from confluent_kafka import *
    from confluent_kafka import Producer, KafkaError, admin
    from confluent_kafka.admin import AdminClient, NewTopic
    from confluent_kafka.serialization import StringSerializer
    from confluent_kafka.error import ValueSerializationError

    def worker(kafka):
        from confluent_kafka import Consumer
        print(kafka)
        print(confluent_kafka.Producer is Producer, admin is other is confluent_kafka.admin)

        class Mine(Producer):
            def send(self, value):
                self.produce("paid", value)

        mine = Mine({"bootstrap.servers": kafka})
        mine.send("one")
        mine.flush()
        print(isinstance(mine, Producer), TopicPartition("paid", 0).topic)
        print(AdminClient({"bootstrap.servers": kafka}).list_topics().topics)
"""


def test_each_way_to_import_gives_the_same_classes_and_a_child_has_them_too() -> None:
    here = play(IMPORTS)
    assert here.lines == [
        "kafka:9092", "True True", "True paid", "{'paid': TopicMetadata(paid, 1 partitions)}",
    ]  # fmt: skip
    there = play(IMPORTS, code=children)
    assert (there.trace.text(), there.said) == (here.trace.text(), here.said)


def test_a_role_without_a_cluster_is_told_so() -> None:
    ran = play("def worker():\n    import confluent_kafka.admin\n", clients={})
    error, message = ended(ran)
    assert error == "NotSimulated"
    assert message.startswith("confluent_kafka cannot be used here: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("from confluent_kafka import ShareConsumer", "confluent_kafka.ShareConsumer is not sim"),
        ("from confluent_kafka import SerializingProducer", "confluent_kafka.SerializingProducer "),
        ("import confluent_kafka.cimpl", "confluent_kafka.cimpl is not simulated here; of this p"),
        ("import confluent_kafka.schema_registry", "confluent_kafka.schema_registry is not sim"),
        ("from confluent_kafka import Nonsense", "cannot import name 'Nonsense' from 'confluent_"),
    ],
)
def test_what_would_reach_for_a_network_is_not_there(text: str, message: str) -> None:
    assert ended(play(f"{text}\ndef worker(kafka): pass\n"))[1].startswith(message)


def test_only_ours_can_reach_anything() -> None:
    """What is shared of the real library is data, errors and functions, no client."""
    clients = (confluent_kafka.Producer, confluent_kafka.Consumer, admin.AdminClient)
    for name, (real, shared) in SHARED.items():
        for key in shared:
            found = getattr(real, key)
            assert not (isinstance(found, type) and issubclass(found, clients)), key
        assert not shared & set(OURS[name])


def test_modules_are_an_incarnations_own() -> None:
    class Nowhere:
        now = 0

        def ask(self, client: str, op: str, **args: object) -> None:
            raise NotImplementedError

    one, two = modules(Nowhere()), modules(Nowhere())
    assert one("confluent_kafka") is one("confluent_kafka")
    assert one("confluent_kafka").Producer is not two("confluent_kafka").Producer
    assert one("confluent_kafka").KafkaError is confluent_kafka.KafkaError
