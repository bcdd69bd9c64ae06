"""One region of one account: what there is in it, and how it names things."""

from collections.abc import Callable, Iterator

from minibroker.aws.queue import Queue
from minibroker.aws.topic import Topic
from minibroker.log.terms import EPOCH_US
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import Trace

At = Callable[[int, Callable[[], None]], None]


class Region:
    """What all parts of an engine share. `regions` holds this one and the others of the account, by
    name, as far as there are any: a topic's subscriber may be in another one."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: At,
        name: str,
        account: str,
        endpoint: str,
        ids: Iterator[str],
        checks_policies: bool,
        regions: "dict[str, Region]",
    ) -> None:
        self.clock, self.trace, self.at = clock, trace, at
        self.name, self.account = name, account
        self.endpoint = endpoint.rstrip("/")
        self.checks_policies = checks_policies
        self.regions = regions
        self.queues: dict[str, Queue] = {}
        self.topics: dict[str, Topic] = {}
        self._ids = ids
        self._queues_made = 0
        self._receipts = 0
        regions[name] = self

    @property
    def now(self) -> int:
        """Virtual time in microseconds."""
        return self.clock.now

    def wall_seconds(self, at: int) -> int:
        """Seconds since 1970 at a virtual time."""
        return (EPOCH_US + at) // SECOND

    def wall_ms(self, at: int) -> int:
        """Milliseconds since 1970 at a virtual time."""
        return (EPOCH_US + at) // 1_000

    def new_id(self) -> str:
        """A new identifier in the form of a UUID."""
        return next(self._ids)

    def new_queue_number(self) -> int:
        """A number that no queue has had."""
        self._queues_made += 1
        return self._queues_made

    def new_receipt(self) -> int:
        """A number that no receive has had."""
        self._receipts += 1
        return self._receipts

    def arn(self, service: str, name: str) -> str:
        """The Amazon Resource Name of a queue (``sqs``) or topic (``sns``) here."""
        return f"arn:aws:{service}:{self.name}:{self.account}:{name}"

    def url(self, queue: Queue) -> str:
        """What a client calls a queue."""
        return f"{self.endpoint}/{self.account}/{queue.name}"

    def queue_of(self, arn: str) -> Queue | None:
        """The queue of that ARN, in whatever region of this account."""
        service, region, account, name = parts(arn)
        if service != "sqs" or account != self.account or region not in self.regions:
            return None
        return self.regions[region].queues.get(name)


def parts(arn: object) -> tuple[str, str, str, str]:
    """Service, region, account and name; all empty if it is no ARN."""
    found = arn.split(":", 5) if isinstance(arn, str) else []
    if len(found) != 6 or found[:2] != ["arn", "aws"]:
        return "", "", "", ""
    return found[2], found[3], found[4], found[5]
