"""The queues of the AWS engine against a model: what a queue may lose, repeat and hand out, for any
sequence of sends, receives, deletes and time.

The model knows of each message whether it is there, and of each receive until when it holds what.
It does not decide which message comes: it says whether the one that came was allowed to.
"""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from minibroker.aws.errors import AwsError
from tests.minibroker.aws.region import Here

VISIBILITY = 30
GROUPS = ("a", "b", "c")
FIVE_MINUTES = 300_000_000


class Queues(RuleBasedStateMachine):
    """One queue; `fifo` says of which kind."""

    fifo = False

    def __init__(self) -> None:
        super().__init__()
        self.here = Here()
        name = "orders.fifo" if self.fifo else "orders"
        self.url = self.here.queue(name, VisibilityTimeout=VISIBILITY)
        self.there: dict[str, str] = {}  # the group of each message that is not deleted
        self.leases: dict[str, tuple[int, str]] = {}  # who holds it until when, by which receipt
        self.old: list[tuple[str, str]] = []  # receipts of earlier receives
        self.sent = 0
        self.sent_at: dict[str, int] = {}

    @property
    def now(self) -> int:
        return self.here.clock.now

    def held(self, body: str) -> bool:
        return body in self.leases and self.leases[body][0] > self.now

    @rule(group=st.sampled_from(GROUPS))
    def send(self, group: str) -> None:
        self.sent += 1
        body = f"{self.sent:05}"
        more = {"message_deduplication_id": body} if self.fifo else {}
        self.here.send(self.url, body, message_group_id=group, **more)
        self.there[body] = group
        self.sent_at[body] = self.now

    @rule(most=st.integers(1, 10))
    def receive(self, most: int) -> None:
        found = self.here.receive(self.url, most)
        assert len(found) <= most
        allowed = [body for body in sorted(self.there) if self.may_come(body)]
        for message in found:
            body = message["Body"]
            assert body in self.there, "a deleted message came"
            assert not self.held(body), "a held message came"
            assert body in allowed
        if self.fifo:
            for group in GROUPS:
                came = [each["Body"] for each in found if self.there[each["Body"]] == group]
                could = [body for body in allowed if self.there[body] == group]
                assert came == could[: len(came)], "out of the group's order"
        assert len(found) == min(most, len(allowed)), "what is visible is handed out"
        for message in found:
            self.lease(message)

    def lease(self, message: dict[str, Any]) -> None:
        body = message["Body"]
        if body in self.leases:
            self.old.append((body, self.leases[body][1]))
        assert message["ReceiptHandle"] not in (handle for _, handle in self.old)
        self.leases[body] = self.now + VISIBILITY * 1_000_000, message["ReceiptHandle"]

    def may_come(self, body: str) -> bool:
        """In a FIFO queue, what comes after a held message of its group has to wait."""
        if self.held(body):
            return False
        if not self.fifo:
            return True
        group = self.there[body]
        return not any(
            self.held(other) for other in self.there if self.there[other] == group and other < body
        )

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if not self.leases:
            return
        body = data.draw(st.sampled_from(sorted(self.leases)))
        if self.fifo and not self.held(body):
            with pytest.raises(AwsError, match="expired"):
                self.here.delete_message("worker", self.url, self.leases[body][1])
            return
        self.here.delete_message("worker", self.url, self.leases[body][1])
        del self.leases[body], self.there[body]

    @rule(data=st.data(), span=st.integers(0, 60))
    def change(self, data: st.DataObject, span: int) -> None:
        holding = sorted(body for body in self.leases if self.held(body))
        if not holding:
            return
        body = data.draw(st.sampled_from(holding))
        handle = self.leases[body][1]
        self.here.change_message_visibility("worker", self.url, handle, span)
        self.leases[body] = self.now + span * 1_000_000, handle

    @rule(span=st.sampled_from((1, 7, 29, 30, 31)))
    def wait(self, span: int) -> None:
        self.here.sleep(span)

    @invariant()
    def the_counts_add_up(self) -> None:
        ready, delayed, held = self.here.counts(self.url)
        assert held == sum(self.held(body) for body in self.there)
        assert (ready, delayed) == (len(self.there) - held, 0)

    def teardown(self) -> None:
        """Nothing is lost: what was not deleted comes, sooner or later."""
        came: set[str] = set()
        for _ in range(3 * len(self.there) + 3):
            self.here.sleep(61)
            for message in self.here.receive(self.url):
                came.add(message["Body"])
                self.here.delete(self.url, message)
        assert came == set(self.there)


class FifoQueues(Queues):
    fifo = True

    @rule(group=st.sampled_from(GROUPS), before=st.integers(0, 4))
    def send_again(self, group: str, before: int) -> None:
        """A message that was sent less than five minutes ago comes no second time."""
        body = f"{self.sent - before:05}"
        if self.now < self.sent_at.get(body, -FIVE_MINUTES) + FIVE_MINUTES:
            self.here.send(self.url, body, message_group_id=group, message_deduplication_id=body)


TestQueues = Queues.TestCase
TestQueues.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestFifoQueues = FifoQueues.TestCase
TestFifoQueues.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
