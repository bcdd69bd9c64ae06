"""Where a run takes place: a world with its engines, and what a scenario may do to it.

One stage is one run. `Stage` is what a scenario sees; `perform` sets it up, lets the scenario
speak, runs the world and gives the `Run`.
"""

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from graders.judges.debts import RECORD, ROW
from minibroker.agents.amqp import AmqpAgent
from minibroker.agents.clock import ClockAgent
from minibroker.agents.ledgers import DatabaseAgent, PaymentsAgent
from minibroker.agents.mail import MailAgent
from minibroker.agents.services import agents as service_agents
from minibroker.agents.services import ledgers as service_ledgers
from minibroker.agents.slow import Slow
from minibroker.ledgers.database import DatabaseLedger
from minibroker.ledgers.mail import MailLedger
from minibroker.ledgers.payments import PaymentLedger, Trouble
from minibroker.ledgers.services import ServiceLedger
from minibroker.queues.broker import Broker
from minibroker.queues.errors import ChannelError
from minibroker.sim import trace
from minibroker.sim.agent import Agent
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Caller, Launch
from minibroker.sim.faults import Plan
from minibroker.sim.trace import Ended, InOrder, Owed, RetryPolicy, SagaOwed, Trace
from minibroker.sim.values import Value
from minibroker.sim.world import Member, Printed, Recording, World

if TYPE_CHECKING:
    from minibroker.agents.redis import RedisAgent
    from minibroker.aws.engine import Engine
    from minibroker.log.cluster import Cluster


@dataclass(frozen=True)
class Owes:
    """What a message obliges the system to do once: see `minibroker.sim.trace.Owed`."""

    kind: str
    subject: str
    detail: Mapping[str, Value] = field(default_factory=dict)


def record_in(topic: str) -> str:
    """The kind of a debt that is paid by a record about its subject in `topic`, which a
    ``read_committed`` reader sees."""
    return f"{RECORD} {topic}"


def row_in(table: str) -> str:
    """The kind of a debt that is paid by a row in `table` under its subject as the key."""
    return f"{ROW} {table}"


@dataclass(frozen=True)
class Retries:
    """What is promised for work that fails: see `minibroker.sim.trace.RetryPolicy`. `delays` and
    `patience` are in seconds; there is one attempt more than there are delays."""

    queue: str
    dead_letters: str
    delays: Sequence[float]
    patience: float


@dataclass(frozen=True)
class Answers:
    """What is promised to those who ask: see `minibroker.sim.trace.AnswerPolicy`. `patience` and
    `served` are in seconds."""

    table: str
    interim: Mapping[str, Value]
    patience: float
    served: float


class Stage:
    """What a scenario can use: queues, messages at given times, banks in trouble, and seeded
    chance."""

    def __init__(
        self,
        world: World,
        broker: Broker,
        payments: PaymentLedger,
        trace: Trace,
        clock: Clock,
        seed: int,
        database: DatabaseLedger | None = None,
        cluster: "Callable[[], Cluster] | None" = None,
        services: Mapping[str, ServiceLedger] | None = None,
        redis: "Callable[[], RedisAgent] | None" = None,
        restart: Callable[[], None] = lambda: None,
        aws: "Callable[[], Engine] | None" = None,
        agents: "dict[str, Agent] | None" = None,
    ) -> None:
        self.seed = seed
        self._restart = restart
        self._region = aws
        self._agents = {} if agents is None else agents
        self._database = database
        self._cluster = cluster
        self._redis = redis
        self._services = {"payments": payments, **(services or {})}
        self.chance = random.Random(f"scenario/{seed}")
        self._world = world
        self._broker = broker
        self._payments = payments
        self._trace = trace
        self._clock = clock

    def queue(self, name: str, arguments: Mapping[str, Value] | None = None) -> None:
        """Declare a durable queue before anything starts."""
        self._broker.declare_queue(name, arguments=dict(arguments or {}))

    def support_desk(self, queue: str, subjects: Sequence[str], opens: float | None = None) -> None:
        """A support desk of the shop's own reads a queue, from `opens` seconds on or from now on:
        see `graders.shop`. A queue that is not there then is not read."""
        from graders.shop import SupportDesk

        def open_desk() -> None:
            if self._broker.has_queue(queue):
                SupportDesk(self._broker, self._trace, self._clock, queue, subjects)

        if opens is None:
            open_desk()
        else:
            self._world.at(seconds(opens), open_desk)

    def retries(self, policy: Retries) -> None:
        """What is promised for work that fails: one promise a run, so judges need not ask which of
        several an order is under."""
        if self._trace.of(RetryPolicy):
            raise ValueError("a scenario makes one promise about retries; put a second elsewhere")
        self._trace.append(
            RetryPolicy(
                at=self._clock.now,
                queue=policy.queue,
                dead_letters=policy.dead_letters,
                attempts=len(policy.delays) + 1,
                delays=[seconds(delay) for delay in policy.delays],
                patience=seconds(policy.patience),
            )
        )

    def answers(self, policy: Answers) -> None:
        """What is promised to those who ask."""
        self._trace.append(
            trace.AnswerPolicy(
                at=self._clock.now,
                table=policy.table,
                interim=dict(policy.interim),
                patience=seconds(policy.patience),
                served=seconds(policy.served),
            )
        )

    def event_store(self, events: str, snapshots: str, topic: str = "") -> None:
        """What the database's tables and the topic mean: see `minibroker.sim.trace.EventStore`."""
        store = trace.EventStore(
            at=self._clock.now, events=events, snapshots=snapshots, topic=topic
        )
        self._trace.append(store)

    def declines(self, order: str) -> None:
        """The bank of an order says no for good."""
        self._trouble(order, "CardDeclined", f"the bank declines the card of {order}", None)

    def bank_away(self, order: str, until: float | None = None) -> None:
        """The bank of an order cannot be reached before `until` seconds, or ever."""
        text = f"the bank of {order} cannot be reached; nothing was charged"
        moment = None if until is None else seconds(until)
        self._trouble(order, "GatewayUnavailable", text, moment)

    def bank_slow(self, order: str, takes: float) -> None:
        """The bank of an order charges it at once and takes so many seconds to say so."""
        self._payments.slow(order, seconds(takes))

    def _trouble(self, order: str, error: str, text: str, until: int | None) -> None:
        self._payments.trouble(order, Trouble(error, text, until))
        self._trace.append(
            trace.Trouble(
                at=self._clock.now, kind="charge", subject=order, error=error, until=until
            )
        )

    def worker(self, queue: str, dead_letters: str, attempts: int) -> None:
        """A worker of the shop's own takes from a queue: see `graders.shop`."""
        from graders.shop import ShopWorker

        ShopWorker(
            self._world, self._broker, self._payments, self._clock, queue, dead_letters, attempts
        )

    def server(self, queue: str, slow: Mapping[str, float], loses: Sequence[str] = ()) -> None:
        """A payment server of the shop's own answers requests: see `graders.shop_server`."""
        from graders.shop_server import ShopServer

        ShopServer(self._world, self._broker, self._payments, self._clock, queue, slow, loses)

    def reader(self, queue: str) -> None:
        """Somebody of the shop's own reads a queue, and does nothing about it."""
        channel = self._broker.open_channel("checkout", lambda delivery: None)
        self._broker.consume(channel, queue, "reader", auto_ack=True)

    def topic(
        self,
        name: str,
        partitions: int = 1,
        config: Mapping[str, str] | None = None,
        replication: int = 1,
    ) -> None:
        """Create a topic before anything starts; `config` as in Kafka's "Topic Configs"."""
        self._kafka().create_topic(name, partitions, replication, config)

    def produce(
        self,
        at: float,
        topic: str,
        value: Mapping[str, Value] | bytes,
        owes: Owes | Sequence[Owes] = (),
        key: str | bytes | None = None,
        partition: int = 0,
        headers: Mapping[str, bytes] | None = None,
    ) -> None:
        """Append a record to a partition at `at` seconds, its value as JSON unless it is bytes,
        with what it obliges to."""
        from minibroker.log.records import Record, batch
        from minibroker.log.terms import wall_ms

        cluster = self._kafka()
        sent = value if isinstance(value, bytes) else json.dumps(dict(value)).encode()
        name = key.encode() if isinstance(key, str) else key
        pairs: list[Value] = [[each, text] for each, text in (headers or {}).items()]

        def produce() -> None:
            record = Record(0, name, sent, wall_ms(self._clock), pairs)
            place = cluster.produce("scenario", topic, partition, batch([record]), -1).get()
            self._owes(cluster.message_at(topic, partition, place.base_offset), owes)

        self._world.at(seconds(at), produce)

    def redis(self, *command: object, at: float = 0.0) -> None:
        """Do a Redis command at `at` seconds, such as ``redis("XGROUP", "CREATE", "orders",
        "billing", "0", "MKSTREAM")``; at 0 before anything starts."""
        redis = self._the_redis()
        if at == 0:
            redis.run(*command)
        else:
            self._world.at(seconds(at), lambda: redis.run(*command))

    def add(
        self,
        at: float,
        stream: str,
        fields: Mapping[str, Value],
        owes: Owes | Sequence[Owes] = (),
        options: Sequence[object] = (),
    ) -> None:
        """XADD an entry to a Redis stream at `at` seconds, with what it obliges to. `options` stand
        before its id, such as ``("MAXLEN", 100)``."""
        redis = self._the_redis()
        pairs = [part for name, value in fields.items() for part in (name, value)]

        def add() -> None:
            entry = redis.run("XADD", stream, *options, "*", *pairs)
            self._owes(redis.message(stream, entry), owes)

        self._world.at(seconds(at), add)

    def push(
        self, at: float, name: str, body: Mapping[str, Value], owes: Owes | Sequence[Owes] = ()
    ) -> None:
        """RPUSH `body`, as JSON, to a Redis list at `at` seconds, with what it obliges to."""
        redis = self._the_redis()

        def push() -> None:
            redis.run("RPUSH", name, json.dumps(dict(body)))
            self._owes(self._trace.of(trace.Published)[-1].message, owes)

        self._world.at(seconds(at), push)

    def broadcast(
        self, at: float, channel: str, body: Mapping[str, Value], owes: Owes | Sequence[Owes] = ()
    ) -> None:
        """PUBLISH `body`, as JSON, on a Redis channel at `at` seconds, with what it obliges to."""
        redis = self._the_redis()

        def broadcast() -> None:
            self._owes(redis.publish(channel, json.dumps(dict(body)).encode()), owes)

        self._world.at(seconds(at), broadcast)

    def _the_redis(self) -> "RedisAgent":
        assert self._redis is not None
        return self._redis()

    def row(
        self,
        at: float,
        table: str,
        key: str,
        row: Mapping[str, Value],
        owes: Owes | Sequence[Owes] = (),
    ) -> None:
        """Write a row of the database at `at` seconds, with what it obliges to."""
        database = self._database
        assert database is not None

        def write() -> None:
            database.commit("scenario", [("put", table, key, dict(row))])
            self._owes(self._trace.new_message(), owes)

        self._world.at(seconds(at), write)

    def in_order(self, kind: str, subjects: Sequence[str]) -> None:
        """What is owed of `kind` for these subjects is to be done in this order."""
        self._trace.append(InOrder(at=self._clock.now, kind=kind, subjects=list(subjects)))

    def aws(self) -> "Engine":
        """SQS and SNS, with nothing in them before somebody asks for it."""
        assert self._region is not None
        return self._region()

    def sqs_queue(self, name: str, attributes: Mapping[str, str] | None = None) -> str:
        """Make an SQS queue before anything starts; gives its URL. `attributes` are those of
        CreateQueue."""
        made = self.aws().create_queue("scenario", name, dict(attributes or {}))
        return str(made["QueueUrl"])

    def send(
        self,
        at: float,
        queue: str,
        body: Mapping[str, Value] | str,
        owes: Owes | Sequence[Owes] = (),
        group: str | None = None,
    ) -> None:
        """Send a message to an SQS queue at `at` seconds, its body as JSON unless it is text, with
        what it obliges to; to a FIFO queue in a message group. Nothing comes where no queue of that
        name is."""
        engine = self.aws()
        sent = body if isinstance(body, str) else json.dumps(dict(body))

        def send() -> None:
            if queue not in engine.region.queues:
                self._owes(self._trace.new_message(), owes)
                return
            key = None if group is None else hashlib.sha256(sent.encode()).hexdigest()
            engine.send_message(
                "scenario", queue, sent, message_group_id=group, message_deduplication_id=key
            )
            self._owes(self._trace.of(trace.Published)[-1].message, owes)

        self._world.at(seconds(at), send)

    def notify(
        self,
        at: float,
        topic: str,
        body: Mapping[str, Value],
        owes: Owes | Sequence[Owes] = (),
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Publish to an SNS topic at `at` seconds, as JSON, with message attributes and with what
        it obliges to. Nothing is published where no topic of that name is."""
        engine = self.aws()
        named: dict[str, dict[str, str]] = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (attributes or {}).items()
        }

        def notify() -> None:
            if topic not in engine.region.topics:
                self._owes(self._trace.new_message(), owes)
                return
            arn = engine.region.arn("sns", topic)
            engine.publish(
                "scenario", arn, message=json.dumps(dict(body)), message_attributes=named
            )
            published = [e for e in self._trace.of(trace.Published) if e.exchange == topic][-1]
            self._owes(published.message, owes)

        self._world.at(seconds(at), notify)

    def takes(self, service: str, span: float) -> None:
        """A service (``payments``, ``mail``, ``stock``, ``shipping``) answers `span` seconds after
        it has done what it was asked to."""
        self._agents[service] = Slow(self._agents[service], self._clock, seconds(span))

    def _owes(self, message: int, owes: Owes | Sequence[Owes]) -> None:
        for each in (owes,) if isinstance(owes, Owes) else owes:
            self._trace.append(
                Owed(
                    at=self._clock.now,
                    message=message,
                    kind=each.kind,
                    subject=each.subject,
                    detail=dict(each.detail),
                )
            )

    def _kafka(self) -> "Cluster":
        assert self._cluster is not None
        return self._cluster()

    def saga(
        self,
        at: float,
        queue: str,
        order: Mapping[str, Value],
        steps: Mapping[str, Mapping[str, Value]],
        refused: str = "",
    ) -> None:
        """Publish an order, as JSON, that obliges to side effects of the kinds `steps`, each with
        its detail, in their order. One of them may be `refused` for good (see `refuses`); then the
        order obliges to those before it, and to undoing them."""
        subject = str(order["id"])
        kinds = list(steps)
        made = kinds[: kinds.index(refused)] if refused else kinds

        def publish() -> None:
            body = json.dumps(dict(order)).encode()
            message = self._broker.publish("scenario", "", queue, body, {"delivery_mode": 2})
            now, number = self._clock.now, message.number
            self._trace.append(SagaOwed(at=now, message=number, subject=subject, steps=kinds))
            for kind in made:
                detail = dict(steps[kind])
                self._trace.append(
                    Owed(at=now, message=number, kind=kind, subject=subject, detail=detail)
                )

        self._world.at(seconds(at), publish)

    def refuses(self, service: str, order: str, error: str, text: str) -> None:
        """A service (``payments``, ``stock``, ``shipping``) says no to an order for good."""
        ledger = self._services[service]
        ledger.trouble(order, Trouble(error, text))
        self._trace.append(
            trace.Trouble(
                at=self._clock.now, kind=ledger.offer.kind, subject=order, error=error, until=None
            )
        )

    def cannot_undo(self, service: str, order: str, until: float, error: str, text: str) -> None:
        """A service cannot be reached to undo what it did for an order, before `until` seconds."""
        self._services[service].trouble(order, Trouble(error, text, seconds(until)), undoing=True)

    def unanswered(self, service: str, order: str, error: str, text: str) -> None:
        """A service does what an order asks it for the first time, and the answer gets lost."""
        self._services[service].trouble(order, Trouble(error, text, happens=True))

    def publish(
        self,
        at: float,
        queue: str,
        body: Mapping[str, Value] | bytes,
        owes: Owes | Sequence[Owes] = (),
        headers: Mapping[str, Value] | None = None,
        reply_to: str = "",
        correlation_id: str = "",
    ) -> None:
        """Publish `body`, as JSON unless it is bytes, to a queue at `at` seconds, with what it
        obliges to. A request says where to `reply_to`, and under which `correlation_id`."""
        self.announce(at, "", queue, body, owes, headers, reply_to, correlation_id)

    def announce(
        self,
        at: float,
        exchange: str,
        routing_key: str,
        body: Mapping[str, Value] | bytes,
        owes: Owes | Sequence[Owes] = (),
        headers: Mapping[str, Value] | None = None,
        reply_to: str = "",
        correlation_id: str = "",
    ) -> None:
        """Publish as `publish` does, to an exchange: persistent, neither confirmed nor mandatory.
        Where there is no such exchange the broker closes the publisher's channel and the message is
        gone; the shop opens another one for the next."""
        sent = body if isinstance(body, bytes) else json.dumps(dict(body)).encode()
        properties: dict[str, Value] = {"delivery_mode": 2}
        if reply_to:
            properties |= {"reply_to": reply_to, "correlation_id": correlation_id}
        if headers is not None:
            properties["headers"] = dict(headers)

        def publish() -> None:
            try:
                message = self._broker.publish("scenario", exchange, routing_key, sent, properties)
            except ChannelError:
                number = self._nowhere(exchange, routing_key, sent, headers)
            else:
                number = message.number
            self._owes(number, owes)

        self._world.at(seconds(at), publish)

    def _nowhere(
        self, exchange: str, key: str, body: bytes, headers: Mapping[str, Value] | None
    ) -> int:
        number = self._trace.new_message()
        self._trace.append(
            trace.Published(
                at=self._clock.now,
                who="scenario",
                message=number,
                exchange=exchange,
                routing_key=key,
                queues=[],
                body=body,
                headers=dict(headers or {}),
            )
        )
        return number

    def restart_broker(self, at: float) -> None:
        """The broker of the queues goes down at `at` seconds and comes back at once: see
        `minibroker.queues.broker.Broker.restart`."""
        self._world.at(seconds(at), self._restart)


Scenario: TypeAlias = Callable[[Stage], None]


@dataclass(frozen=True)
class Run:
    """One schedule that was run, and all that it left."""

    plan: Plan
    seed: int
    trace: Trace
    printed: Sequence[Printed]
    recordings: Mapping[Caller, Recording]

    @property
    def effects(self) -> int:
        """How many effects there were."""
        return sum(ended.effects for ended in self.trace.of(Ended))


@dataclass(frozen=True)
class Cast:
    """One instance of a role by its process name, such as ``worker`` or ``worker-2``."""

    process: str
    restarts: int
    starts: float = 0.0


def perform(
    scenario: Scenario, cast: Sequence[Cast], launch: Launch, plan: Plan, seed: int, effects: int
) -> Run:
    """Run one schedule to its end."""
    clock, trace = Clock(), Trace()
    broker = Broker(clock, trace, lambda when, action: world.at(when, action))
    payments, database = PaymentLedger(clock, trace), DatabaseLedger(clock, trace)
    services = service_ledgers(clock, trace)
    amqp = AmqpAgent(broker, clock)
    agents: dict[str, Agent] = {
        "amqp": amqp,
        "payments": PaymentsAgent(payments),
        "database": DatabaseAgent(database),
        "mail": MailAgent(MailLedger(clock, trace)),
        "clock": ClockAgent(clock),
        **service_agents(services),
    }

    @cache
    def cluster() -> "Cluster":
        # Only for a scenario that asks for it: it costs more than all the rest.
        from minibroker.agents.kafka import KafkaAgent
        from minibroker.log.cluster import Cluster

        made = Cluster(clock, trace, world.at, chance=random.Random(f"cluster/{seed}"))
        agents["kafka"] = KafkaAgent(made, clock, world.at)
        return made

    @cache
    def redis() -> "RedisAgent":
        # fakeredis and redis-py cost a quarter of a second to import.
        from minibroker.agents.redis import RedisAgent

        agents["redis"] = made = RedisAgent(clock, trace, world.at, seed)
        return made

    @cache
    def aws() -> "Engine":
        from minibroker.agents.aws import AwsAgent
        from minibroker.aws.engine import Engine

        made = Engine(clock, trace, world.at)
        agents["sqs"], agents["sns"] = AwsAgent(made, "sqs"), AwsAgent(made, "sns")
        return made

    world = World(
        clock,
        trace,
        agents,
        launch,
        [Member(part.process, part.restarts, seconds(part.starts)) for part in cast],
        plan,
        effects,
    )
    scenario(
        Stage(
            world,
            broker,
            payments,
            trace,
            clock,
            seed,
            database,
            cluster,
            services,
            redis,
            amqp.restart,
            aws,
            agents,
        )
    )
    world.run()
    return Run(plan, seed, trace, world.printed, world.recordings)
