"""Message move tasks: dead letters go back to where they came from, or elsewhere (SQS API,
StartMessageMoveTask; SQS Developer Guide, "Dead-letter queue redrive").

A task moves a message at a time, at its rate, until the dead-letter queue has none that is ready;
then it is over, and so is its timer. AWS picks the rate of a task that has none by the backlog;
here it is the highest that can be asked for.
"""

import base64
import json
from dataclasses import dataclass, replace
from typing import Any

from minibroker.aws.errors import AwsError, bad_parameter, missing, simple
from minibroker.aws.flow import Flow
from minibroker.aws.queue import Queue
from minibroker.aws.queues import sources
from minibroker.aws.region import Region
from minibroker.aws.sending import put
from minibroker.aws.terms import without_none
from minibroker.sim.clock import SECOND
from minibroker.sim.trace import Redriven

MOST_A_SECOND = 500
MOST_LISTED = 10

RUNNING, COMPLETED, CANCELLING, CANCELLED, FAILED = (
    "RUNNING", "COMPLETED", "CANCELLING", "CANCELLED", "FAILED",
)  # fmt: skip


GONE, UNKNOWN = "AWS.SimpleQueueService.NonExistentQueue", "CouldNotDetermineMessageSource"


@dataclass(slots=True, eq=False)
class Task:
    """A move of what is in `source`."""

    id: str
    source: Queue
    destination: str | None
    rate: int | None
    started: int
    to_move: int
    status: str = RUNNING
    moved: int = 0
    failure: str | None = None

    @property
    def handle(self) -> str:
        """What a client calls it."""
        told = {"taskId": self.id, "sourceArn": self.source.arn}
        return base64.b64encode(json.dumps(told).encode()).decode()


class MoveActions:
    """See the module. All methods are named after the API's actions."""

    def __init__(self, region: Region, flow: Flow) -> None:
        self._region, self._flow = region, flow
        self._tasks: dict[str, list[Task]] = {}

    def start_message_move_task(
        self,
        who: str,
        source_arn: str | None = None,
        destination_arn: str | None = None,
        max_number_of_messages_per_second: int | None = None,
    ) -> dict[str, Any]:
        """Begin to move the messages of a dead-letter queue."""
        source = self._source(source_arn)
        rate = max_number_of_messages_per_second
        if rate is not None and not 1 <= rate <= MOST_A_SECOND:
            raise bad_parameter(
                f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You "
                f"must enter a value between 1 and {MOST_A_SECOND}."
            )
        if not sources(self._region, source):
            raise bad_parameter("Source queue must be configured as a Dead Letter Queue.")
        if destination_arn is not None:
            destination = self._region.queue_of(destination_arn)
            if destination is None:
                raise _not_found("DestinationArn")
            if destination is source:
                raise bad_parameter("Source queue arn can't be the same as destination queue arn.")
            if destination.fifo != source.fifo:
                raise bad_parameter("Source and destination must be of the same type of queue.")
        tasks = self._tasks.setdefault(source.arn, [])
        if tasks and tasks[0].status == RUNNING:
            raise bad_parameter(
                "There is already a task running. Only one active task is allowed for a source "
                "queue arn at a given time."
            )
        self._flow.look(source)
        task = Task(
            self._region.new_id(),
            source,
            destination_arn,
            rate,
            self._region.now,
            len(source.copies),
        )
        tasks.insert(0, task)
        del tasks[MOST_LISTED:]
        self._later(who, task)
        return {"TaskHandle": task.handle}

    def cancel_message_move_task(self, who: str, task_handle: str | None = None) -> dict[str, Any]:
        """Stop a task; what was moved stays moved."""
        if not task_handle:
            raise missing("TaskHandle")
        try:
            told = json.loads(base64.b64decode(task_handle, validate=True))
            arn, wanted = told["sourceArn"], told["taskId"]
        except (ValueError, KeyError, TypeError):
            raise bad_parameter("Value for parameter TaskHandle is invalid.") from None
        self._source(arn)
        for task in self._tasks.get(arn, ()):
            if task.id == wanted:
                if task.status != RUNNING:
                    raise simple("UnsupportedOperation", "Only active tasks can be cancelled.")
                task.status = CANCELLED
                return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise AwsError("ResourceNotFoundException", "Task does not exist.", status=404)

    def list_message_move_tasks(
        self, who: str, source_arn: str | None = None, max_results: int | None = None
    ) -> dict[str, Any]:
        """The latest tasks of a dead-letter queue, the last one first."""
        source = self._source(source_arn)
        most = 1 if max_results is None else max_results
        if not 1 <= most <= MOST_LISTED:
            raise bad_parameter(
                f"Value {most} for parameter MaxResults is invalid. Reason: You must enter a value "
                f"between 1 and {MOST_LISTED}."
            )
        tasks = self._tasks.get(source.arn, [])[:most]
        return {"Results": [self._told(task) for task in tasks]}

    def _told(self, task: Task) -> dict[str, Any]:
        return without_none(
            TaskHandle=task.handle if task.status == RUNNING else None,
            Status=task.status,
            SourceArn=task.source.arn,
            DestinationArn=task.destination,
            MaxNumberOfMessagesPerSecond=task.rate,
            ApproximateNumberOfMessagesMoved=task.moved,
            ApproximateNumberOfMessagesToMove=task.to_move,
            FailureReason=task.failure,
            StartedTimestamp=self._region.wall_ms(task.started),
        )

    def _source(self, arn: str | None) -> Queue:
        if not arn:
            raise missing("SourceArn")
        source = self._region.queue_of(arn)
        if source is None:
            raise _not_found("SourceArn")
        return source

    # --- moving ----------------------------------------------------------------------------

    def _later(self, who: str, task: Task) -> None:
        pause = SECOND // (task.rate or MOST_A_SECOND)
        self._region.at(self._region.now + pause, lambda: self._step(who, task))

    def _step(self, who: str, task: Task) -> None:
        """Move one message, or be over."""
        source = task.source
        if task.status != RUNNING:
            return
        if source.deleted:
            task.status, task.failure = FAILED, GONE
            return
        self._flow.look(source)
        taken = source.take(1)
        if not taken:
            task.status = COMPLETED
            return
        [copy] = taken
        target = self._region.queue_of(task.destination or copy.source)
        if target is None or target.fifo != source.fifo:
            source.release(copy)
            task.status = FAILED
            task.failure = GONE if target is None and copy.source else UNKNOWN
            return
        source.remove(copy)
        self._region.trace.append(
            Redriven(
                at=self._region.now,
                who=who,
                queue=source.name,
                message=copy.message.number,
                to=target.name,
            )
        )
        put(
            self._region,
            self._flow,
            target,
            replace(copy.message, id=self._region.new_id()),
            target.settings.delay,
        )
        task.moved += 1
        self._later(who, task)


def _not_found(parameter: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException",
        f"The resource that you specified for the {parameter} parameter doesn't exist.",
        status=404,
    )
