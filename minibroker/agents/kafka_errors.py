"""librdkafka's own errors, and the broker's, as they cross to a `confluent_kafka`-shaped client.

The broker's codes are those of `minibroker.log.errors.Code`; librdkafka adds codes of its own below
0. A client makes the real library's `KafkaError` of what crosses.
"""

from enum import IntEnum

from minibroker.agents.kafka_texts import TEXTS
from minibroker.log.errors import LogError
from minibroker.sim.effect import Did, Refusal
from minibroker.sim.values import Value


class Local(IntEnum):
    """The errors that librdkafka raises by itself (`rd_kafka_resp_err_t`)."""

    TRANSPORT = -195
    MSG_TIMED_OUT = -192
    UNKNOWN_PARTITION = -190
    UNKNOWN_TOPIC = -188
    INVALID_ARG = -186
    TIMED_OUT = -185
    QUEUE_FULL = -184
    CONFLICT = -173
    STATE = -172
    NOT_CONFIGURED = -145
    FENCED = -144
    PURGE_QUEUE = -152
    PURGE_INFLIGHT = -151
    FATAL = -150
    INCONSISTENT = -149
    PARTITION_EOF = -191
    NO_OFFSET = -168
    NOENT = -156
    MAX_POLL_EXCEEDED = -147
    AUTO_OFFSET_RESET = -140


class BadRequest(Exception):
    """What crossed is nothing that a client of ours sends."""


class KafkaFailure(Exception):
    """The call fails with a `KafkaError` of this code and these marks. A ``%s`` in the text stands
    for the usual text of the code `said`."""

    def __init__(
        self,
        code: int,
        text: str = "",
        *,
        fatal: bool = False,
        retriable: bool = False,
        abort: bool = False,
        said: int | None = None,
    ) -> None:
        if said is not None:
            text = text.replace("%s", TEXTS.get(int(said), f"error {said}"), 1)
        self.code, self.text = int(code), text or TEXTS.get(int(code), "")
        super().__init__(self.text)
        self.fatal, self.retriable, self.abort = fatal, retriable, abort

    def value(self) -> dict[str, Value]:
        """The error as it stands inside an answer."""
        found: dict[str, Value] = {"code": self.code, "text": self.text}
        flags = {"fatal": self.fatal, "retriable": self.retriable, "abort": self.abort}
        return found | {name: True for name, holds in flags.items() if holds}

    def refusal(self, did: Did = "read") -> Refusal:
        """The error as a call's answer."""
        data = self.value()
        return Refusal("KafkaError", str(data.pop("text")), data, did=did)


def of(error: LogError) -> KafkaFailure:
    """The broker's refusal; librdkafka's own text for its code."""
    return KafkaFailure(error.code)
