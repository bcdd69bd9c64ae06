"""A message, a copy of it in one queue, and a receiver that waits for one."""

from dataclasses import dataclass, field
from typing import Any

from minibroker.aws.terms import Attributes
from minibroker.log.pending import Pending

DELAYED, READY, HELD, GONE = "delayed", "ready", "in flight", "gone"
"""Where a copy is. What is *held* was handed to a receiver and hides from others until its
visibility timeout is over (SQS Developer Guide, "Amazon SQS visibility timeout")."""

NONE: Attributes = {}


@dataclass(frozen=True, slots=True)
class Message:
    """What was sent, once. `number` is the trace's; `id` and the digests are what the sender was
    told. `group` and `deduplication` are empty where the sender gave none."""

    number: int
    id: str
    body: str
    digest: str
    sender: str
    attributes: Attributes = field(default_factory=dict)
    attributes_digest: str = ""
    trace_header: str = ""
    group: str = ""
    deduplication: str = ""


@dataclass(slots=True, eq=False)
class Copy:
    """One message in one queue. `position` is its place in the order of arrival there; `enqueued`
    (microseconds) is what its retention and SentTimestamp count from; `receives` counts across all
    queues, `receives_here` in this one. While it is held, `receipt` numbers the receive that holds
    it, for `holder`, until `until`. `source` is the ARN of the queue whose redrive policy moved it
    here."""

    message: Message
    position: int
    enqueued: int
    receives: int = 0
    receives_here: int = 0
    first_received: int = 0
    state: str = READY
    receipt: int = 0
    holder: str = ""
    until: int = 0
    received: int = 0
    source: str = ""

    def __lt__(self, other: "Copy") -> bool:
        return self.position < other.position


class Poll(Pending[dict[str, Any]]):
    """A ReceiveMessage that may have to wait until `deadline` (microseconds). Whoever runs the
    engine calls `give_up` then; the engine sets no timer for it, since nothing but the caller's own
    patience is over and a world in which all only wait has come to rest."""

    __slots__ = ("deadline", "most", "visibility", "wants", "who")

    def __init__(self, who: str, most: int, visibility: int | None, deadline: int) -> None:
        super().__init__()
        self.who, self.most, self.visibility, self.deadline = who, most, visibility, deadline
        self.wants: Any = None

    def give_up(self) -> None:
        """Nothing came."""
        self.settle({})
