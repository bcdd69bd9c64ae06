"""How copies move: into queues, out to receivers, back when their time is over, to dead letters.

Theory of operation. A copy enters a queue by `arrive` and leaves it by being deleted, by its
retention period or by the redrive policy. `look` restores, after anything else, that what became
visible by now is visible and that no receiver waits while something is ready. One timer a queue
stands at the moment when the next copy becomes visible by itself; one that comes when nothing does
sets no other. Retention sets no timer: what is too old is gone when somebody looks at the queue
next, and nobody could have seen it before.
"""

from dataclasses import replace

from minibroker.aws.message import READY, Copy, Message, Poll
from minibroker.aws.message_attributes import headers
from minibroker.aws.queue import Queue
from minibroker.aws.receipts import handle
from minibroker.aws.region import Region
from minibroker.aws.rendering import rendered
from minibroker.sim.trace import DeadLettered, Delivered, Published, Requeued, Settled


class Flow:
    """The copies of one region."""

    def __init__(self, region: Region) -> None:
        self._region = region

    # --- arriving and leaving --------------------------------------------------------------

    def arrive(
        self, queue: Queue, message: Message, delay: int = 0, moved: Copy | None = None
    ) -> Copy:
        """A message comes to a queue, to be visible after `delay` microseconds."""
        now = self._region.now
        copy = queue.add(message, now, now + delay, moved)
        if queue.polls or delay:
            self.look(queue)
        return copy

    def settle(self, who: str, queue: Queue, copy: Copy, how: str) -> None:
        """A copy is gone for good."""
        queue.remove(copy)
        self.settled(who, queue, copy, how)

    def settled(self, who: str, queue: Queue, copy: Copy, how: str) -> None:
        """Say so."""
        self._region.trace.append(
            Settled(
                at=self._region.now,
                who=who,
                queue=queue.name,
                message=copy.message.number,
                how=how,
            )
        )

    # --- what happens by itself ------------------------------------------------------------

    def look(self, queue: Queue) -> None:
        """Let what is over be over, and answer receivers that wait."""
        if queue.deleted:
            return
        now = self._region.now
        while (old := queue.expired(now)) is not None:
            self.settle("broker", queue, old, "expired")
        queue.undelay(now)
        while (copy := queue.overdue(now)) is not None:
            self.release(queue, copy)
        if queue.polls:
            self._serve(queue)
        self._watch(queue)

    def release(self, queue: Queue, copy: Copy) -> None:
        """A held copy is visible again: its receiver has not deleted it in time."""
        queue.release(copy)
        self._region.trace.append(
            Requeued(
                at=self._region.now,
                who=copy.holder,
                queue=queue.name,
                message=copy.message.number,
                why="visibility timeout",
            )
        )

    def _serve(self, queue: Queue) -> None:
        """First come, first served."""
        while queue.polls and queue.counts[READY]:
            poll = queue.polls[0]
            # One whose deadline is now gets nothing any more: who waited may have gone on.
            if poll.done or poll.deadline <= self._region.now:
                queue.polls.popleft()
                continue
            copies = self.receive(queue, poll.who, poll.most, poll.visibility)
            if not copies:
                break
            queue.polls.popleft()
            poll.settle(self.told(queue, copies, poll))

    def _watch(self, queue: Queue) -> None:
        due = queue.next_due()
        if due is None or (queue.timer is not None and queue.timer <= due):
            return
        when = queue.timer = due

        def come_back() -> None:
            if queue.timer == when:
                queue.timer = None
                self.look(queue)

        self._region.at(when, come_back)

    # --- receiving -------------------------------------------------------------------------

    def receive(self, queue: Queue, who: str, most: int, visibility: int | None) -> list[Copy]:
        """Hand out what is ready. What was handed out too often goes to the dead letters instead
        (SQS Developer Guide, "Using dead-letter queues in Amazon SQS")."""
        region, now = self._region, self._region.now
        span = queue.settings.visibility if visibility is None else visibility
        target = self._dead_letters(queue)
        found: list[Copy] = []
        while len(found) < most:
            taken = queue.take(most - len(found))
            if not taken:
                break
            for copy in taken:
                if target is not None and copy.receives_here >= target[1]:
                    self._dead_letter(queue, copy, target[0])
                    continue
                copy.receives += 1
                copy.receives_here += 1
                copy.receipt, copy.holder, copy.received = region.new_receipt(), who, now
                copy.first_received = copy.first_received or region.wall_ms(now)
                queue.hold(copy, now + span)
                found.append(copy)
                region.trace.append(
                    Delivered(
                        at=now,
                        who=who,
                        queue=queue.name,
                        message=copy.message.number,
                        tag=copy.receipt,
                        attempt=copy.receives_here,
                        redelivered=copy.receives_here > 1,
                    )
                )
        return found

    def told(self, queue: Queue, copies: list[Copy], poll: Poll) -> dict[str, object]:
        """The answer to a receiver."""
        if not copies:
            return {}
        region = self._region
        return {
            "Messages": [
                rendered(
                    copy,
                    handle(queue.number, copy.position, copy.receipt),
                    region.wall_ms(copy.enqueued),
                    queue.fifo,
                    poll.wants,
                )
                for copy in copies
            ]
        }

    # --- twice -----------------------------------------------------------------------------

    def repeat(self, queue: Queue, copy: Copy) -> None:
        """A message comes to a queue once more, under the number of another one in the trace: a
        machine that had kept it was away when it was received or deleted (SQS Developer Guide,
        "Amazon SQS at-least-once delivery")."""
        region = self._region
        message = replace(copy.message, number=region.trace.new_message())
        region.trace.append(
            Published(
                at=region.now,
                who="broker",
                message=message.number,
                exchange="",
                routing_key=queue.name,
                queues=[queue.name],
                body=message.body.encode(),
                headers=headers(message.attributes),
            )
        )
        self.arrive(queue, message)

    # --- dead letters ----------------------------------------------------------------------

    def _dead_letters(self, queue: Queue) -> tuple[Queue, int] | None:
        policy = queue.settings.redrive
        if policy is None:
            return None
        target = self._region.queue_of(policy.target)
        if target is None or target.fifo != queue.fifo:
            return None
        return target, policy.most_receives

    def _dead_letter(self, queue: Queue, copy: Copy, target: Queue) -> None:
        """In a standard queue it keeps the time of its sending, in a FIFO queue it gets a new one
        (SQS Developer Guide, "Configure a dead-letter queue", message retention)."""
        queue.remove(copy)
        self._region.trace.append(
            DeadLettered(
                at=self._region.now,
                who="broker",
                queue=queue.name,
                message=copy.message.number,
                reason="maxReceiveCount",
                exchange="",
                routing_key=target.name,
                queues=[target.name],
            )
        )
        copy.source = queue.arn
        self.arrive(target, copy.message, moved=copy)
