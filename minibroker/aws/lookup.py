"""How a queue is found: by the URL that a client was given, or by a name or an ARN for short."""

from minibroker.aws.errors import missing, no_queue
from minibroker.aws.queue import Queue
from minibroker.aws.region import Region


def queue_at(region: Region, url: str | None) -> Queue:
    """The queue of a URL; whichever host the URL names, it is this one. QueueDoesNotExist."""
    if not url:
        raise missing("QueueUrl")
    if url.startswith("arn:"):
        queue = region.queue_of(url)
    else:
        *before, account, name = ["", *url.rstrip("/").split("/")]
        if len(before) > 3 and account != region.account:
            raise no_queue()
        queue = region.queues.get(name)
    if queue is None:
        raise no_queue()
    return queue
