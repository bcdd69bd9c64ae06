"""Answers the boto3-shaped clients: hands their calls to the engine of SQS and SNS.

The services know no connections. A process that is gone leaves what it had received in flight until
the visibility timeout is over; nothing notices before. Only a call that still waits for messages is
given up with its process.

Faults. boto3 repeats a call that got no answer; what is done to a call here is what is left when it
has given up (see `minibroker.clients.aws`). A call that did not happen could not be sent; one that
happened was not answered. A batch that fails happens all the same, but for its first entry, which
the answer lists under ``Failed``: the only error that no exception tells of. A standard queue may
hand out a message once more though it was deleted ("Amazon SQS at-least-once delivery"); a FIFO
queue does not.
"""

from functools import cache
from typing import cast

from minibroker.aws import terms
from minibroker.aws.engine import Engine, method
from minibroker.aws.errors import AwsError
from minibroker.aws.message import Poll
from minibroker.clients.aws_params import checked
from minibroker.clients.aws_shapes import OPS
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.effect import Answer, Caller, Did, Refusal, Reply
from minibroker.sim.values import Value

Args = dict[str, Value]

ENTRIES = {"publish_batch": "PublishBatchRequestEntries"}
"""What the entries of a batch are called where it is not ``Entries``."""


snake = cache(terms.snake)


class AwsAgent:
    """The engine's side of all clients of one service, ``sqs`` or ``sns``."""

    def __init__(self, engine: Engine, service: str) -> None:
        self._engine, self._service = engine, service
        self._polls: dict[Caller, Poll] = {}

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        action = OPS[self._service].get(op)
        if action is None:
            return no_such(self._service, op)
        given, wrong = checked(self._service, action, args)  # a process may send anything
        if wrong:
            return Refusal("NotInSubset", f"{op}: {wrong[0]}")
        self.lost(caller)
        do = getattr(self._engine, method(self._service, action))
        try:
            told = do(caller.label, **{snake(name): value for name, value in given.items()})
        except AwsError as error:
            return _refused(error)
        except UnicodeEncodeError:
            return _refused(AwsError("InvalidParameterValue", "A parameter is no Unicode text."))
        if not isinstance(told, Poll):
            return Answer(told, did="read" if op.startswith(("get_", "list_")) else "changed")
        if told.done:
            return _handed(told)
        self._polls[caller] = told
        return Wait(lambda: _handed(told) if told.done else None, told.deadline, _handed(None))

    def lost(self, caller: Caller) -> None:
        """A receive of its that waits is over."""
        if (poll := self._polls.pop(caller, None)) is not None:
            poll.give_up()

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """The services do not mind."""

    def broken(self, caller: Caller, op: str, args: Args, happened: bool) -> Reply | Wait | None:
        """See the module."""
        if happened:
            return Refusal("ReadTimeoutError", "no answer came", did="changed")
        if op.endswith("_batch"):
            return self._in_part(caller, op, args)
        return Refusal("EndpointConnectionError", "the service could not be reached")

    def again(self, caller: Caller, op: str, args: Args, reply: Reply) -> bool:
        """What a standard queue handed out comes to it once more."""
        told = reply.value if isinstance(reply, Answer) and op == "receive_message" else None
        messages = told.get("Messages") if isinstance(told, dict) else None
        again = [
            self._engine.repeat(
                cast(str, args["QueueUrl"]), cast("dict[str, str]", each)["ReceiptHandle"]
            )
            for each in (messages if isinstance(messages, list) else [])
        ]
        return any(again)

    def _in_part(self, caller: Caller, op: str, args: Args) -> Reply | Wait | None:
        name = ENTRIES.get(op, "Entries")
        entries = args.get(name)
        if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
            return None
        failed: dict[str, Value] = {
            "Id": entries[0].get("Id"),
            "SenderFault": False,
            "Code": "InternalError",
            "Message": "We encountered an internal error. Please try again.",
        }
        told: Value = {"Successful": [], "Failed": []}
        if entries[1:]:
            reply = self.request(caller, op, {**args, name: entries[1:]})
            if not isinstance(reply, Answer):
                return reply
            told = reply.value
        assert isinstance(told, dict)
        found = told.get("Failed")
        failures = found if isinstance(found, list) else []
        return Answer({**told, "Failed": [failed, *failures]}, did="changed")


def _handed(poll: Poll | None) -> Reply:
    told = poll.get() if poll is not None else {}
    did: Did = "changed" if told else "idle"
    return Answer(told, did=did)


def _refused(error: AwsError) -> Refusal:
    data: dict[str, Value] = {
        "code": error.code,
        "shape": error.shape,
        "type": error.type,
        "status": error.status,
    }
    return Refusal("ClientError", error.message, data)
