"""The actions on queues themselves: make, find, list, set up, purge, delete, tag, permit."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from minibroker.aws import policy, queue_settings, terms
from minibroker.aws.errors import (
    AwsError,
    bad_attribute,
    bad_parameter,
    bad_value,
    missing,
    no_attribute,
    no_queue,
    queue_exists,
    simple,
)
from minibroker.aws.flow import Flow
from minibroker.aws.lookup import queue_at
from minibroker.aws.queue import Queue, facts
from minibroker.aws.region import Region
from minibroker.sim.clock import SECOND

NAME = re.compile(r"[A-Za-z0-9_\-]{1,80}|(?=.{1,80}\Z)[A-Za-z0-9_\-]+\.fifo")
LABEL = re.compile(r"[A-Za-z0-9_\-]{1,80}")

PAUSE = 60 * SECOND
"""After which a purged queue may be purged again, and the name of a deleted one used again (SQS
API, PurgeQueue, and CreateQueue's QueueDeletedRecently)."""

MOST_LISTED = 1000
MOST_TAGS = 50

TOLD = frozenset(
    {
        "All", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible", "QueueArn", "CreatedTimestamp",
        "LastModifiedTimestamp", *queue_settings.NAMES,
    }
)  # fmt: skip
"""What GetQueueAttributes may be asked for."""

PERMITTED = frozenset(
    {
        "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
        "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
    }
)  # fmt: skip
OWNERS = frozenset(
    {
        "AddPermission", "CancelMessageMoveTask", "CreateQueue", "DeleteQueue",
        "ListMessageMoveTasks", "ListQueues", "ListQueueTags", "RemovePermission",
        "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
    }
)  # fmt: skip
"""What no other account can be permitted (SQS API, AddPermission)."""
MOST_ACTIONS = 7


class QueueActions:
    """See the module. All methods are named after the API's actions."""

    def __init__(self, region: Region, flow: Flow) -> None:
        self._region, self._flow = region, flow
        self._deleted: dict[str, int] = {}

    # --- make and find ---------------------------------------------------------------------

    def create_queue(
        self,
        who: str,
        queue_name: str | None = None,
        attributes: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make a queue, or find the one of that name if it has these attributes."""
        if queue_name is None:
            raise missing("QueueName")
        if not NAME.fullmatch(queue_name):
            raise bad_parameter(
                "Can only include alphanumeric characters, hyphens, or underscores. "
                "1 to 80 in length"
            )
        region, given = self._region, dict(attributes or {})
        settings = queue_settings.made(queue_name, given)
        queue = region.queues.get(queue_name)
        if queue is not None:
            if name := queue_settings.differing(queue.settings, settings, given):
                raise queue_exists(name)
            return {"QueueUrl": region.url(queue)}
        deleted = self._deleted.get(queue_name)
        if deleted is not None and deleted + PAUSE > region.now:
            raise simple(
                "QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another "
                "with the same name.",
            )
        queue = Queue(
            region.new_queue_number(),
            queue_name,
            region.arn("sqs", queue_name),
            settings,
            region.now,
        )
        _check_tags(queue, tags or {})
        self._check_redrive(queue, settings)
        queue.tags.update(tags or {})
        region.queues[queue_name] = queue
        self._deleted.pop(queue_name, None)
        return {"QueueUrl": region.url(queue)}

    def get_queue_url(
        self,
        who: str,
        queue_name: str | None = None,
        queue_owner_aws_account_id: str | None = None,
    ) -> dict[str, Any]:
        """The URL of the queue of that name."""
        if not queue_name:
            raise missing("QueueName")
        other = queue_owner_aws_account_id not in (None, self._region.account)
        queue = self._region.queues.get(queue_name)
        if queue is None or other:
            raise no_queue()
        return {"QueueUrl": self._region.url(queue)}

    def list_queues(
        self,
        who: str,
        queue_name_prefix: str | None = None,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> dict[str, Any]:
        """The URLs of the queues whose names begin so, in the order of the names."""
        prefix = queue_name_prefix or ""
        names = sorted(name for name in self._region.queues if name.startswith(prefix))
        found, token = _paged(names, next_token, max_results)
        urls = [self._region.url(self._region.queues[name]) for name in found]
        return terms.without_none(QueueUrls=urls or None, NextToken=token)

    def list_dead_letter_source_queues(
        self,
        who: str,
        queue_url: str | None = None,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> dict[str, Any]:
        """The URLs of the queues that have this one as their dead-letter queue."""
        queue = queue_at(self._region, queue_url)
        names = sorted(each.name for each in sources(self._region, queue))
        found, token = _paged(names, next_token, max_results)
        urls = [self._region.url(self._region.queues[name]) for name in found]
        return {"queueUrls": urls} | terms.without_none(NextToken=token)

    # --- set up ----------------------------------------------------------------------------

    def get_queue_attributes(
        self, who: str, queue_url: str | None = None, attribute_names: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """What a queue is set to and how many messages it has. The counts are exact here; AWS
        promises less."""
        region, queue = self._region, queue_at(self._region, queue_url)
        self._flow.look(queue)
        asked = attribute_names or ()
        for name in asked:
            if name not in TOLD:
                raise no_attribute(name)
        everything = {
            **facts(queue),
            "CreatedTimestamp": str(region.wall_seconds(queue.created)),
            "LastModifiedTimestamp": str(region.wall_seconds(queue.modified)),
            **queue.settings.texts,
        }
        names = everything if "All" in asked else asked
        found = {name: everything[name] for name in names if name in everything}
        return {"Attributes": found} if found else {}

    def set_queue_attributes(
        self,
        who: str,
        queue_url: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Change some attributes; what is in the queue goes by them at once (AWS may take 60 s).
        An empty value takes a policy away."""
        queue = queue_at(self._region, queue_url)
        if not attributes:
            raise missing("Attribute.Name")
        settings = queue_settings.changed(queue.settings, attributes)
        if "RedrivePolicy" in attributes:
            self._check_redrive(queue, settings)
        queue.settings, queue.modified = settings, self._region.now
        self._flow.look(queue)
        return {}

    def _check_redrive(self, queue: Queue, settings: queue_settings.Settings) -> None:
        wanted = settings.redrive
        if wanted is None:
            return
        text = settings.texts["RedrivePolicy"]
        target = self._region.queue_of(wanted.target)
        if target is None or f":{self._region.name}:" not in wanted.target:
            raise bad_value("RedrivePolicy", text, "Dead letter target does not exist.")
        if target.fifo != settings.fifo:
            raise bad_value(
                "RedrivePolicy", text, "Dead-letter queue must be same type of queue as the source."
            )
        if not target.settings.may_redrive(queue.arn):
            raise bad_value(
                "RedrivePolicy",
                text,
                "Dead-letter queue does not allow this queue as its source (RedriveAllowPolicy).",
            )

    def add_permission(
        self,
        who: str,
        queue_url: str | None = None,
        label: str | None = None,
        aws_account_ids: Sequence[str] | None = None,
        actions: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Add a statement to the queue's policy, for whole accounts only."""
        queue = queue_at(self._region, queue_url)
        if not actions:
            raise missing("Actions")
        if not aws_account_ids:
            raise bad_value("PrincipalId", "[]", "Unable to verify.")
        if not label or not LABEL.fullmatch(label):
            raise bad_value(
                "Label", label, "1 to 80 alphanumeric characters, hyphens, underscores."
            )
        if len(actions) > MOST_ACTIONS:
            raise AwsError(
                "OverLimit",
                f"{len(actions)} Actions were found, maximum allowed is {MOST_ACTIONS}.",
                status=403,
            )
        for action in actions:
            if action in OWNERS:
                raise bad_value(
                    "ActionName",
                    f"SQS:{action}",
                    "Only the queue owner is allowed to invoke this action.",
                )
            if action not in PERMITTED:
                raise bad_value("ActionName", action, "Please refer to the appropriate WSDL.")
        text = policy.added(
            queue.settings.texts.get("Policy", ""),
            label,
            aws_account_ids,
            [f"SQS:{action}" for action in actions],
            queue.arn,
        )
        self._set_policy(queue, text)
        return {}

    def remove_permission(
        self, who: str, queue_url: str | None = None, label: str | None = None
    ) -> dict[str, Any]:
        """Take that statement out of the policy."""
        queue = queue_at(self._region, queue_url)
        if not label:
            raise missing("Label")
        self._set_policy(queue, policy.removed(queue.settings.texts.get("Policy", ""), label))
        return {}

    def _set_policy(self, queue: Queue, text: str) -> None:
        queue.settings = queue_settings.changed(queue.settings, {"Policy": text})
        queue.modified = self._region.now

    # --- tags ------------------------------------------------------------------------------

    def tag_queue(
        self,
        who: str,
        queue_url: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Add tags, or change them."""
        queue = queue_at(self._region, queue_url)
        if not tags:
            raise missing("Tags")
        _check_tags(queue, queue.tags | dict(tags))
        queue.tags.update(tags)
        return {}

    def untag_queue(
        self, who: str, queue_url: str | None = None, tag_keys: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Take tags away; one that is not there is no error."""
        queue = queue_at(self._region, queue_url)
        if not tag_keys:
            raise bad_parameter("Tag keys must be between 1 and 128 characters in length.")
        for key in tag_keys:
            queue.tags.pop(key, None)
        return {}

    def list_queue_tags(self, who: str, queue_url: str | None = None) -> dict[str, Any]:
        """All tags."""
        queue = queue_at(self._region, queue_url)
        return {"Tags": dict(queue.tags)} if queue.tags else {}

    # --- end -------------------------------------------------------------------------------

    def purge_queue(self, who: str, queue_url: str | None = None) -> dict[str, Any]:
        """Delete all messages, those in flight and delayed ones too. Here it is done at once; AWS
        takes up to 60 s, in which it refuses another purge."""
        queue, now = queue_at(self._region, queue_url), self._region.now
        if queue.purged is not None and queue.purged + PAUSE > now:
            raise simple(
                "PurgeQueueInProgress",
                f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.",
                status=403,
            )
        queue.purged = now
        for copy in queue.clear():
            self._flow.settled(who, queue, copy, "purged")
        return {}

    def delete_queue(self, who: str, queue_url: str | None = None) -> dict[str, Any]:
        """Delete a queue with all that is in it. Receivers that wait find nothing."""
        queue = queue_at(self._region, queue_url)
        del self._region.queues[queue.name]
        queue.deleted = True
        self._deleted[queue.name] = self._region.now
        for copy in queue.clear():
            self._flow.settled(who, queue, copy, "deleted")
        while queue.polls:
            queue.polls.popleft().give_up()
        return {}


def sources(region: Region, target: Queue) -> list[Queue]:
    """The queues that have this one as their dead-letter queue."""
    return [
        queue
        for queue in region.queues.values()
        if (wanted := queue.settings.redrive) is not None and wanted.target == target.arn
    ]


def _paged(
    names: list[str], token: str | None, most: int | None
) -> tuple[Sequence[str], str | None]:
    if most is not None and not 1 <= most <= MOST_LISTED:
        raise bad_parameter(
            f"Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer "
            f"between 1 and {MOST_LISTED}."
        )
    found, following = terms.page(names, token, most or MOST_LISTED)
    return found, (following if most is not None else None)


def _check_tags(queue: Queue, tags: Mapping[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise bad_parameter(f"Too many tags added for queue {queue.name}.")
    for key in tags:
        if not 1 <= len(key) <= 128:
            raise bad_attribute("Tags")
