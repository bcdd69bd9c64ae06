"""One script, on the simulated client and on the real library against librdkafka's mock cluster: it
must say the same, word for word.

The mock cluster fences nobody and checks no sequence, so the broker's refusals are put into its
answers (`rd_kafka_mock_push_request_errors_array`), and what the script says of them is compared
with what it says of the simulated cluster, which refuses by itself.
"""

import ctypes
import glob
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from minibroker.log.errors import Code, LogError
from tests.minibroker.producing import Setting, play

PARTITIONS = 4
"""Of a topic of the mock cluster."""

PRODUCE, INIT, ADD_PARTITIONS, ADD_OFFSETS, END, COMMIT_OFFSETS = 0, 22, 24, 25, 26, 28

TOOLS = '''
GROUP = b"CGMDv2:" + bytes([255] * 4) + b"billing" + bytes(2) + bytes([1])

def told(err, msg):
    print("report", err and (err.name(), err.str()), msg.topic(), msg.key(), msg.value(),
          msg.headers(), msg.error() and msg.error().name())

def tell(name, call):
    """What a call gives, or how it fails."""
    try:
        print(name, call())
    except KafkaException as problem:
        error = problem.args[0]
        print(name, error.name(), error.str(), error.fatal(), error.retriable(),
              error.txn_requires_abort())
    except (BufferError, TypeError, RuntimeError) as problem:
        print(name, type(problem).__name__, problem)
'''

ALONE = """
producer = Producer({"bootstrap.servers": kafka, "queue.buffering.max.messages": 3})
for n in range(5):
    tell("produce", lambda: producer.produce("t", "v%d" % n, "k", on_delivery=told))
print(len(producer), bool(producer))
tell("flush", producer.flush)
print(len(producer))
tell("partition", lambda: producer.produce("t", "v", "k", 99))
tell("large", lambda: producer.produce("t", b"x" * 1_100_000))
tell("number", lambda: producer.produce(3))
tell("value", lambda: producer.produce("t", 3))
tell("key", lambda: producer.produce("t", "v", 3))
tell("more", lambda: producer.produce("t", "v", timestamp="soon"))
tell("timeout", lambda: producer.flush("soon"))
for headers in ([("a", 3)], [3], 3, (("a", "b"),), [["a", "b"]]):
    tell("headers", lambda: producer.produce("t", "v", headers=headers))
tell("null", lambda: producer.produce("t", None, "k", headers={"a": None}, on_delivery=told))
tell("flush", producer.flush)
tell("purge", producer.purge)
tell("init", producer.init_transactions)
tell("begin", producer.begin_transaction)
tell("commit", producer.commit_transaction)
tell("abort", producer.abort_transaction)
tell("offsets", lambda: producer.send_offsets_to_transaction([], None))
tell("close", producer.close)
tell("close", producer.close)
tell("produce", lambda: producer.produce("t", "v"))
tell("poll", lambda: producer.poll(0))
tell("flush", lambda: producer.flush(0))
print(len(producer))
"""

IN_TRANSACTIONS = """
producer = Producer({"bootstrap.servers": kafka, "transactional.id": "x", "on_delivery": told})
tell("begin", producer.begin_transaction)
tell("produce", lambda: producer.produce("t", "v", "k"))
tell("commit", producer.commit_transaction)
tell("abort", producer.abort_transaction)
tell("init", producer.init_transactions)
tell("init", producer.init_transactions)
tell("produce", lambda: producer.produce("t", "v", "k"))
tell("commit", producer.commit_transaction)
tell("abort", producer.abort_transaction)
tell("begin", producer.begin_transaction)
tell("begin", producer.begin_transaction)
tell("commit", producer.commit_transaction)
tell("commit", producer.commit_transaction)
tell("begin", producer.begin_transaction)
tell("produce", lambda: producer.produce("t", "v1", "k"))
tell("abort", producer.abort_transaction)
tell("flush", producer.flush)
tell("begin", producer.begin_transaction)
tell("produce", lambda: producer.produce("t", "v2", "k"))
tell("flush", producer.flush)
tell("abort", producer.abort_transaction)
tell("begin", producer.begin_transaction)
tell("produce", lambda: producer.produce("t", "v3", "k"))
tell("commit", producer.commit_transaction)
place = TopicPartition("t", 0, 1)
tell("offsets", lambda: producer.send_offsets_to_transaction([place], GROUP))
tell("begin", producer.begin_transaction)
tell("offsets", lambda: producer.send_offsets_to_transaction([place], GROUP))
tell("offsets", lambda: producer.send_offsets_to_transaction([], GROUP))
tell("offsets", lambda: producer.send_offsets_to_transaction([TopicPartition("t", 0)], GROUP))
tell("offsets", lambda: producer.send_offsets_to_transaction(place, GROUP))
tell("offsets", lambda: producer.send_offsets_to_transaction([3], GROUP))
tell("offsets", lambda: producer.send_offsets_to_transaction([place], "billing"))
tell("commit", producer.commit_transaction)
tell("begin", producer.begin_transaction)
tell("produce", lambda: producer.produce("fresh", "v4", partition=77))
tell("flush", producer.flush)
tell("commit", producer.commit_transaction)
tell("begin", producer.begin_transaction)
tell("abort", producer.abort_transaction)
tell("begin", producer.begin_transaction)
tell("close", producer.close)
"""

AFTERWARDS = """
tell("commit", producer.commit_transaction)
tell("abort", producer.abort_transaction)
tell("begin", producer.begin_transaction)
tell("poll", lambda: producer.poll(0))
tell("poll", lambda: producer.poll(0))
"""

REFUSED = {
    "end": (
        'producer.produce("t", "v", "k")\nproducer.flush()\nrefuse()\n',
        END,
        [Code.INVALID_PRODUCER_EPOCH, Code.INVALID_TXN_STATE, Code.INVALID_PRODUCER_ID_MAPPING,
         Code.TRANSACTION_ABORTABLE],
    ),
    "add_offsets": (
        'refuse()\ntell("offsets", lambda: producer.send_offsets_to_transaction('
        '[TopicPartition("t", 0, 1)], GROUP))\n',
        ADD_OFFSETS,
        [Code.INVALID_PRODUCER_EPOCH, Code.INVALID_TXN_STATE],
    ),
    "commit_offsets": (
        'refuse()\ntell("offsets", lambda: producer.send_offsets_to_transaction('
        '[TopicPartition("t", 0, 1)], GROUP))\n',
        COMMIT_OFFSETS,
        [Code.INVALID_PRODUCER_EPOCH, Code.ILLEGAL_GENERATION, Code.UNKNOWN_MEMBER_ID,
         Code.FENCED_INSTANCE_ID, Code.REBALANCE_IN_PROGRESS],
    ),
}  # fmt: skip


class Mock:
    """The real library, and a mock cluster of its."""

    def __init__(self) -> None:
        self._owner = confluent_kafka.Producer(
            {"bootstrap.servers": "x", "test.mock.num.brokers": 1, "log_level": 0}
        )
        (broker,) = self._owner.list_topics("t", timeout=10).brokers.values()
        self.address = f"{broker.host}:{broker.port}"
        while len(self._owner.list_topics("t", timeout=10).topics["t"].partitions) != PARTITIONS:
            pass

    def refuse(self, request: int, code: int) -> None:
        """Let the next request of this kind be refused."""
        root = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs")
        library = ctypes.CDLL(glob.glob(f"{root}/librdkafka*")[0])
        library.rd_kafka_handle_mock_cluster.restype = ctypes.c_void_p
        handle = ctypes.c_void_p.from_address(id(self._owner) + 2 * ctypes.sizeof(ctypes.c_void_p))
        cluster = ctypes.c_void_p(library.rd_kafka_handle_mock_cluster(handle))
        library.rd_kafka_mock_push_request_errors_array(
            cluster, ctypes.c_int16(request), ctypes.c_size_t(1), (ctypes.c_int * 1)(code)
        )

    def says(self, script: str, refuse: Any = None) -> list[str]:
        """What the script prints here."""
        lines: list[str] = []
        names: dict[str, Any] = dict(vars(confluent_kafka))
        names["Producer"] = lambda config: confluent_kafka.Producer({**config, "log_level": 0})
        names |= {
            "kafka": self.address,
            "refuse": refuse,
            "print": lambda *parts: lines.append(" ".join(map(str, parts))),
        }
        exec(compile(TOOLS + script, "<script>", "exec"), names)
        return lines


@pytest.fixture(scope="module")
def mock() -> Mock:
    return Mock()


def simulated(script: str, scenario: Any = lambda _: None) -> list[str]:
    """What it prints here."""

    def topics(setting: Setting) -> None:
        setting.cluster.create_topic("t", PARTITIONS)
        scenario(setting)

    body = textwrap.indent(script, "    ")
    return play(f"from confluent_kafka import *\n{TOOLS}\ndef worker(kafka):\n{body}", topics).lines


def told(lines: list[str]) -> list[str]:
    """Without what no two clusters have in common: addresses and spans."""
    return [
        re.sub(
            r"\(after \d+ ?ms\)",
            "(after a while)",
            re.sub(r"(127\.0\.0\.1:\d+|kafka:9092)/1", "<broker>", line),
        )
        for line in lines
    ]


def marks(line: str) -> str:
    """Without the words of an error."""
    return re.sub(r"^(\w+ [A-Z_]+) .* ((True|False) (True|False) (True|False))$", r"\1 \2", line)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="looks into CPython's objects")
class TestTheSame:
    def test_is_said_of_a_producer_by_itself(self, mock: Mock) -> None:
        assert told(simulated(ALONE)) == told(mock.says(ALONE))

    def test_is_said_of_a_transactional_one(self, mock: Mock) -> None:
        assert told(simulated(IN_TRANSACTIONS)) == told(mock.says(IN_TRANSACTIONS))

    @pytest.mark.parametrize(
        ("method", "code"),
        [(method, code) for method, (_, _, codes) in REFUSED.items() for code in codes],
    )
    def test_is_said_when_the_broker_refuses(self, mock: Mock, method: str, code: Code) -> None:
        before, request, _ = REFUSED[method]
        script = (
            f'producer = Producer({{"bootstrap.servers": kafka, "transactional.id": "{code}"}})\n'
            "producer.init_transactions()\nproducer.begin_transaction()\n"
        )

        def scenario(setting: Setting) -> None:
            transactions: Any = setting.cluster.transactions
            real, refusals = getattr(transactions, method), [LogError(code)]

            def refuse(*args: Any, **kwargs: Any) -> Any:
                if refusals:
                    raise refusals.pop()
                return real(*args, **kwargs)

            setattr(transactions, method, refuse)

        script += before + AFTERWARDS
        ours = simulated(script.replace("refuse()\n", ""), scenario)
        theirs = mock.says(script, lambda: mock.refuse(request, code))
        if method == "commit_offsets":  # it names the partition there
            theirs = [
                re.sub(r": t\(\(null\)\)\[0\]\((.*?)\) \(", r": \1 (", line) for line in theirs
            ]
        # librdkafka may give the words of the refusal, or of the state it led to, afterwards.
        assert told(ours)[0] == told(theirs)[0]
        assert [marks(line) for line in ours] == [marks(line) for line in theirs]
