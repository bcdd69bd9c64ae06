"""A region with a clock that a test moves: timers run when their time comes, in order."""

import heapq
from collections.abc import Callable
from typing import Any

from minibroker.aws.engine import Engine
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.trace import Event, Trace


class Here(Engine):
    """An engine, its clock and its timers."""

    def __init__(self, **options: Any) -> None:
        self.clock, self.trace = Clock(), Trace()
        self.due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        super().__init__(self.clock, self.trace, self._at, **options)

    def _at(self, when: int, action: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self.due, (when, self._order, action))

    def sleep(self, span: float) -> None:
        """Let `span` seconds pass."""
        end = self.clock.now + seconds(span)
        while self.due and self.due[0][0] <= end:
            when, _, action = heapq.heappop(self.due)
            self.clock.advance(when)
            action()
        self.clock.advance(end)

    def queue(self, name: str = "orders", **attributes: object) -> str:
        """Make a queue; gives its URL."""
        given = {key: str(value) for key, value in attributes.items()}
        if name.endswith(".fifo"):
            given["FifoQueue"] = "true"
        return str(self.create_queue("me", name, given)["QueueUrl"])

    def arn(self, url: str) -> str:
        """A queue's ARN."""
        return str(self.attributes(url)["QueueArn"])

    def attributes(self, url: str) -> dict[str, str]:
        """All attributes of a queue."""
        found: dict[str, str] = self.get_queue_attributes("me", url, ["All"])["Attributes"]
        return found

    def counts(self, url: str) -> tuple[int, int, int]:
        """How many messages are ready, delayed and in flight."""
        told = self.attributes(url)
        name = "ApproximateNumberOfMessages"
        ready, delayed, held = told[name], told[f"{name}Delayed"], told[f"{name}NotVisible"]
        return int(ready), int(delayed), int(held)

    def send(self, url: str, body: str, **more: Any) -> dict[str, Any]:
        """Send a message."""
        return self.send_message("producer", url, body, **more)

    def receive(self, url: str, most: int = 10, who: str = "worker", **more: Any) -> list[Any]:
        """What a receive that does not wait gives, with all attributes."""
        poll = self.receive_message(
            who,
            url,
            message_system_attribute_names=["All"],
            message_attribute_names=["All"],
            max_number_of_messages=most,
            wait_time_seconds=0,
            **more,
        )
        return list(poll.get().get("Messages", []))

    def delete(self, url: str, message: dict[str, Any], who: str = "worker") -> None:
        """Delete a received message."""
        self.delete_message(who, url, message["ReceiptHandle"])

    def happened(self, kind: type[Event]) -> list[Any]:
        """The events of a kind."""
        return self.trace.of(kind)


def bodies(messages: list[Any]) -> list[str]:
    """Their bodies."""
    return [message["Body"] for message in messages]
