"""ReceiveMessage, DeleteMessage and ChangeMessageVisibility, and the batches of the latter two."""

from collections.abc import Sequence
from typing import Any

from minibroker.aws import batches, receipts
from minibroker.aws.batches import Entry
from minibroker.aws.errors import AwsError, bad_value, missing
from minibroker.aws.flow import Flow
from minibroker.aws.lookup import queue_at
from minibroker.aws.message import HELD, Copy, Poll
from minibroker.aws.queue import Queue
from minibroker.aws.region import Region
from minibroker.aws.rendering import wanted
from minibroker.aws.terms import BATCH_SIZE
from minibroker.sim.clock import SECOND
from minibroker.sim.trace import VisibilityChanged

MOST_WAIT = 20
MOST_HIDDEN = 43_200
MOST_HELD = 120_000
"""How many messages of a queue may be in flight (SQS Developer Guide, "Amazon SQS message
quotas")."""


class Receiving:
    """See the module."""

    def __init__(self, region: Region, flow: Flow) -> None:
        self._region, self._flow = region, flow

    # --- receive ---------------------------------------------------------------------------

    def receive_message(
        self,
        who: str,
        queue_url: str | None = None,
        attribute_names: Sequence[str] | None = None,
        message_system_attribute_names: Sequence[str] | None = None,
        message_attribute_names: Sequence[str] | None = None,
        max_number_of_messages: int | None = None,
        visibility_timeout: int | None = None,
        wait_time_seconds: int | None = None,
        receive_request_attempt_id: str | None = None,
    ) -> Poll:
        """Ask for messages. The answer is there at once, or the `Poll` has to wait: see there.
        (AWS's short poll may miss messages, since it asks only some of its machines; here it does
        not.)"""
        queue = queue_at(self._region, queue_url)
        most = 1 if max_number_of_messages is None else max_number_of_messages
        if not 1 <= most <= BATCH_SIZE:
            raise bad_value(
                "MaxNumberOfMessages",
                most,
                f"Must be between 1 and {BATCH_SIZE}, if provided.",
            )
        if visibility_timeout is not None:
            _check_visibility(visibility_timeout)
        if wait_time_seconds is not None and not 0 <= wait_time_seconds <= MOST_WAIT:
            raise bad_value(
                "WaitTimeSeconds",
                wait_time_seconds,
                f"Must be >= 0 and <= {MOST_WAIT}, if provided.",
            )
        if receive_request_attempt_id is not None and not queue.fifo:
            raise bad_value(
                "ReceiveRequestAttemptId",
                receive_request_attempt_id,
                "The request includes a parameter that is not valid for this queue type.",
            )
        now = self._region.now
        wait = queue.settings.wait if wait_time_seconds is None else wait_time_seconds * SECOND
        visibility = None if visibility_timeout is None else visibility_timeout * SECOND
        poll = Poll(who, most, visibility, now + wait)
        poll.wants = wanted(
            (*(attribute_names or ()), *(message_system_attribute_names or ())),
            tuple(message_attribute_names or ()),
        )
        self._flow.look(queue)
        found = self._received(queue, poll, receive_request_attempt_id)
        if found or not wait:
            poll.settle(self._flow.told(queue, found, poll))
        else:
            queue.polls.append(poll)
        if found:
            self._flow.look(queue)
        return poll

    def _received(self, queue: Queue, poll: Poll, attempt: str | None) -> list[Copy]:
        """What is ready; or what the same attempt received before, if nothing has happened to it
        since."""
        region, visibility = self._region, poll.visibility
        if attempt is not None:
            before = queue.attempts.find(attempt, region.now)
            if before and all(copy.state is HELD and copy.receipt == n for copy, n in before):
                span = queue.settings.visibility if visibility is None else visibility
                for copy, _ in before:
                    queue.hold(copy, region.now + span)
                return [copy for copy, _ in before]
        if queue.counts[HELD] >= MOST_HELD:
            if queue.fifo:
                return []
            raise AwsError("OverLimit", "Too many messages in flight; delete some.", status=403)
        found = self._flow.receive(queue, poll.who, poll.most, visibility)
        if attempt is not None and found:
            queue.attempts.add(attempt, [(copy, copy.receipt) for copy in found], region.now)
        return found

    # --- delete ----------------------------------------------------------------------------

    def delete_message(
        self, who: str, queue_url: str | None = None, receipt_handle: str | None = None
    ) -> dict[str, Any]:
        """Delete what was received; that it is gone already is no error. In a standard queue an old
        receive's handle is no error either and deletes nothing: the message "might not be deleted"
        then, says the API, and a program must not rely on more. In a FIFO queue the receive must
        not be over."""
        queue = queue_at(self._region, queue_url)
        self._flow.look(queue)
        self._delete(who, queue, receipt_handle)
        self._flow.look(queue)
        return {}

    def delete_message_batch(
        self, who: str, queue_url: str | None = None, entries: Sequence[Entry] | None = None
    ) -> dict[str, Any]:
        """Likewise, up to ten."""
        queue = queue_at(self._region, queue_url)
        entries = entries or ()
        batches.check(entries, "DeleteMessageBatchRequestEntry")
        self._flow.look(queue)

        def delete(entry: Entry) -> dict[str, Any]:
            self._delete(who, queue, entry.get("ReceiptHandle"))
            return {}

        answer = batches.each(entries, delete)
        self._flow.look(queue)
        return answer

    def _delete(self, who: str, queue: Queue, handle: str | None) -> None:
        copy, receipt = self._copy(queue, handle)
        if copy is None:
            return
        if queue.fifo and not (copy.state is HELD and copy.receipt == receipt):
            raise bad_value("ReceiptHandle", handle, "The receipt handle has expired.")
        if copy.receipt == receipt:
            self._flow.settle(who, queue, copy, "acked")

    # --- twice -----------------------------------------------------------------------------

    def repeat(self, queue_url: str, receipt_handle: str) -> bool:
        """Let a standard queue hand out once more what was received under this handle; no action of
        AWS's. False in a FIFO queue, and when the message is gone."""
        queue = queue_at(self._region, queue_url)
        copy, _ = self._copy(queue, receipt_handle)
        if queue.fifo or copy is None:
            return False
        self._flow.repeat(queue, copy)
        self._flow.look(queue)
        return True

    # --- visibility ------------------------------------------------------------------------

    def change_message_visibility(
        self,
        who: str,
        queue_url: str | None = None,
        receipt_handle: str | None = None,
        visibility_timeout: int | None = None,
    ) -> dict[str, Any]:
        """Let what was received hide for so many seconds from now on; 0 gives it back. Which
        handles do is as for `delete_message`. In a standard queue it is no error, and of no effect,
        if the message is visible again: so it was seen at AWS, whose API knows a MessageNotInflight
        for it."""
        queue = queue_at(self._region, queue_url)
        self._flow.look(queue)
        self._change(who, queue, receipt_handle, visibility_timeout)
        self._flow.look(queue)
        return {}

    def change_message_visibility_batch(
        self, who: str, queue_url: str | None = None, entries: Sequence[Entry] | None = None
    ) -> dict[str, Any]:
        """Likewise, up to ten."""
        queue = queue_at(self._region, queue_url)
        entries = entries or ()
        batches.check(entries, "ChangeMessageVisibilityBatchRequestEntry")
        self._flow.look(queue)

        def change(entry: Entry) -> dict[str, Any]:
            self._change(who, queue, entry.get("ReceiptHandle"), entry.get("VisibilityTimeout"))
            return {}

        answer = batches.each(entries, change)
        self._flow.look(queue)
        return answer

    def _change(self, who: str, queue: Queue, handle: str | None, seconds: int | None) -> None:
        if seconds is None:
            raise missing("VisibilityTimeout")
        _check_visibility(seconds)
        copy, receipt = self._copy(queue, handle)
        over = copy is not None and (copy.state is not HELD or copy.receipt != receipt)
        if copy is None or receipt > copy.receipt or (queue.fifo and over):
            raise bad_value(
                "ReceiptHandle",
                handle,
                "Message does not exist or is not available for visibility timeout change.",
            )
        if copy.state is not HELD:
            return
        until = self._region.now + seconds * SECOND
        if until > copy.received + MOST_HIDDEN * SECOND:
            raise bad_value(
                "VisibilityTimeout",
                seconds,
                "Total VisibilityTimeout for the message is beyond the limit "
                f"[{MOST_HIDDEN} seconds].",
            )
        queue.hold(copy, until)
        self._region.trace.append(
            VisibilityChanged(
                at=self._region.now,
                who=who,
                queue=queue.name,
                message=copy.message.number,
                until=until,
            )
        )

    def _copy(self, queue: Queue, handle: str | None) -> tuple[Copy | None, int]:
        """The copy that a receipt handle is about, if it is still there, and the receive."""
        if not handle:
            raise missing("ReceiptHandle")
        found = receipts.read(handle)
        if found.queue != queue.number:
            raise receipts.invalid(handle)
        return queue.copies.get(found.position), found.receipt


def _check_visibility(seconds: int) -> None:
    if not 0 <= seconds <= MOST_HIDDEN:
        raise bad_value(
            "VisibilityTimeout", seconds, f"Must be between 0 and {MOST_HIDDEN}, if provided."
        )
