"""The server: SQS and SNS on one port, on an event loop.

Rule: everything here and below runs on the loop's thread; `minibroker.wire.aws.running` is for
other threads. The engine is called by requests and timers only, one at a time.

Theory of operation. A request says by its header ``X-Amz-Target`` that it is one of SQS, and by the
``Version`` of its form that it is one of SNS (or of STS, of which there is GetCallerIdentity
alone); by its signature for which region. Each region that is asked for has its engine, from its
first request on. A ReceiveMessage that has to wait leaves a future; its deadline is a timer of the
loop.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

from minibroker.aws.engine import Engine, method
from minibroker.aws.errors import AwsError
from minibroker.aws.message import Poll
from minibroker.aws.region import Region
from minibroker.aws.terms import ACCOUNT, REGION
from minibroker.sim.trace import NoTrace, Trace
from minibroker.wire.aws import reading, writing
from minibroker.wire.aws.credentials import signer
from minibroker.wire.aws.faults import Fault, Faults
from minibroker.wire.aws.http import Answer, Connection, Request, Response
from minibroker.wire.aws.models import service
from minibroker.wire.timers import Timers, WallClock

log = logging.getLogger(__name__)

TARGET = "AmazonSQS."
VERSIONS = {"2010-03-31": "sns", "2011-06-15": "sts"}
RESET = "/moto-api/reset"

Call = Callable[[], "dict[str, Any] | Poll"]


class AwsServer:
    """`port` 0 is any that is free. Queues and topics are those of `account`. Without
    `checks_policies` a topic may send to every queue, whatever the queue's policy says, as in some
    emulators. A `trace` that is kept grows with every message. `resettable` lets a request to
    ``/moto-api/reset`` forget everything, which only a suite of tests wants."""

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        account: str = ACCOUNT,
        checks_policies: bool = True,
        trace: Trace | None = None,
        resettable: bool = False,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.host, self.port = host, port
        self.account = account
        self.trace = NoTrace() if trace is None else trace
        self.faults = Faults()
        self.clock = WallClock()
        self.engines: dict[str, Engine] = {}
        """By region, as far as they were asked for."""
        self._checks_policies, self._resettable = checks_policies, resettable
        self._regions: dict[str, Region] = {}
        self._timers = Timers(self.clock, self.loop)
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._numbers = count(1)
        self._mark = uuid.uuid4().hex

    @property
    def endpoint_url(self) -> str:
        """What a client's ``endpoint_url`` is set to."""
        return f"http://{self.host}:{self.port}"

    def engine(self, region: str = REGION) -> Engine:
        """The engine of a region."""
        found = self.engines.get(region)
        if found is None:
            found = self.engines[region] = Engine(
                self.clock,
                self.trace,
                self._timers.at,
                account=self.account,
                region=region,
                endpoint=self.endpoint_url,
                seed=uuid.uuid4().hex,
                checks_policies=self._checks_policies,
                regions=self._regions,
            )
        return found

    # --- from the start to the end ---------------------------------------------------------

    async def start(self) -> None:
        """Listen; OSError if the port is taken."""
        self._server = await self.loop.create_server(
            lambda: Connection(self._handle, self._connections), self.host, self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()
        self._timers.cancel()
        await asyncio.sleep(0)

    def reset(self) -> None:
        """Forget all queues and topics."""
        self._timers.cancel()
        for engine in self.engines.values():
            for queue in engine.region.queues.values():
                queue.deleted = True
                while queue.polls:
                    queue.polls.popleft().give_up()
        self.engines.clear()
        self._regions.clear()

    # --- requests --------------------------------------------------------------------------

    def _handle(self, request: Request) -> "Answer | asyncio.Future[Answer]":
        if request.target == RESET and self._resettable:
            self.reset()
            return Response(200, {"Content-Type": "application/json"}, b'{"status": "ok"}')
        number = f"{self._mark[:8]}-{self._mark[8:12]}-4{self._mark[13:16]}-a{self._mark[17:20]}-"
        call = _Call(self, request, number + f"{next(self._numbers):012x}")
        return call.answer()


class _Call:
    """One request on its way through the server."""

    def __init__(self, server: AwsServer, request: Request, request_id: str) -> None:
        self._server, self._request, self._id = server, request, request_id
        self._service = "sqs"
        self._action = ""

    def answer(self) -> "Answer | asyncio.Future[Answer]":
        """Answer it, now or later."""
        try:
            tree = self._identify()
            signed = signer(self._request)
            name = self._service
            if self._action not in service(name).operations:
                raise AwsError(
                    "InvalidAction",
                    f"The action {self._action[:80]} is not valid for this endpoint.",
                )
            faults = self._server.faults
            fault = faults.take(self._action) if faults else None

            def call() -> dict[str, Any] | Poll:
                if tree is None:
                    given = reading.from_json(name, self._action, self._request.body)
                else:
                    given = reading.from_form(name, self._action, tree)
                engine = self._server.engine(signed.region)
                do = getattr(engine, method(name, self._action), None)
                if do is None:
                    raise AwsError(
                        "UnsupportedOperation",
                        f"{self._action} is not served here; this server has queues and topics "
                        "and nothing that reaches outside.",
                        status=501,
                    )
                return do(signed.key, **given)  # type: ignore[no-any-return]

            if fault is not None:
                return asyncio.ensure_future(self._at_fault(call, fault))
            return self._told(call())
        except AwsError as error:
            return self._refused(error)

    def _identify(self) -> reading.Tree | None:
        """Which action it is; gives its form if it has one."""
        target = self._request.headers.get("x-amz-target", "")
        if target.startswith(TARGET):
            self._action = target.removeprefix(TARGET)
            return None
        kind = self._request.headers.get("content-type", "")
        if not kind.startswith("application/x-www-form-urlencoded"):
            raise AwsError(
                "InvalidAction", "The request names no action; use an AWS SDK or the AWS CLI.", 404
            )
        self._service = "sns"
        tree = reading.form(self._request.body)
        action, version = tree.get("Action"), tree.get("Version")
        if not isinstance(action, str):
            raise AwsError("MissingAction", "Could not find operation (Action) in the request.")
        if version not in VERSIONS:
            raise AwsError(
                "InvalidAction",
                f"Could not find operation {action[:80]} for version {str(version)[:20]}; "
                "SQS is spoken here in its JSON protocol.",
            )
        self._service, self._action = VERSIONS[version], action
        return tree

    # --- answers ---------------------------------------------------------------------------

    def _told(self, told: "dict[str, Any] | Poll") -> "Answer | asyncio.Future[Answer]":
        if isinstance(told, Poll):
            if not told.done:
                return self._later(told)
            told = told.get()
        if self._service == "sqs":
            return writing.json_answer(told, self._id)
        return writing.xml_answer(self._service, self._action, told, self._id)

    def _refused(self, error: AwsError) -> Response:
        if self._service == "sqs":
            return writing.json_refusal(error, self._id)
        return writing.xml_refusal(self._service, error, self._id)

    def _later(self, poll: Poll) -> "asyncio.Future[Answer]":
        """Answer when a message has come, or the wait is over; if the client goes meanwhile, it is
        over too, so that no message is handed to nobody."""
        server = self._server
        future: asyncio.Future[Answer] = server.loop.create_future()
        wait = max(0, poll.deadline - server.clock.now) / 1_000_000
        timer = server.loop.call_later(wait, poll.give_up)

        def settled() -> None:
            timer.cancel()
            if not future.done():
                future.set_result(writing.json_answer(poll.get(), self._id))

        def over(_: object) -> None:
            timer.cancel()
            poll.give_up()

        poll.then(settled)
        future.add_done_callback(over)
        return future

    async def _at_fault(self, call: Call, fault: Fault) -> Answer:
        """What a lesson asked to go wrong with this request."""
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.refuse:
            return None
        try:
            if fault.error is not None:
                raise fault.error
            answer = self._told(call())
            if isinstance(answer, asyncio.Future):
                answer = await answer
        except AwsError as error:
            answer = self._refused(error)
        return None if fault.close else answer
