"""The first place: every act is a member of one simulated world, on the clients in-process.

The acts' processes are members from the start, each of which waits for its turn; a clock that
ticks until the last one has ended keeps the world from taking an empty poll for the end.
"""

import random
from dataclasses import dataclass

from minibroker.agents.amqp import AmqpAgent
from minibroker.agents.aws import AwsAgent
from minibroker.agents.clock import ClockAgent
from minibroker.agents.kafka import KafkaAgent
from minibroker.agents.redis import RedisAgent
from minibroker.aws.engine import Engine
from minibroker.log.cluster import Cluster
from minibroker.queues.broker import Broker
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.clock import MILLISECOND, SECOND, Clock
from minibroker.sim.effect import Answer, Caller, Effect, Exit, Interrupt, Process, Reply, Step
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Exited, Trace
from minibroker.sim.values import Value
from minibroker.sim.world import Member, World
from tests.fidelity.history import History, read
from tests.fidelity.scenario import Act, Scenario, kind_of

TICK = 100 * MILLISECOND
LONGEST = 600 * SECOND
EFFECTS = 20_000


class ActFailed(AssertionError):
    """An act did not come to its end; the text says where and why."""


def simulate(scenario: Scenario) -> History:
    """Play a scenario in a world of its own."""
    clock, trace = Clock(), Trace()
    at = lambda when, action: world.at(when, action)  # noqa: E731
    turns = _Turns()
    cluster = Cluster(clock, trace, at, chance=random.Random("fidelity"))
    aws = Engine(clock, trace, at)
    codes = {act.function: Inline(_cell(scenario, act)) for act in scenario.acts}
    names = [f"act-{number}" for number in range(len(scenario.acts))]

    def launch(caller: Caller) -> Process:
        number = names.index(caller.process)
        act = scenario.acts[number]
        clients = {each: kind for each in act.takes if (kind := kind_of(each)) is not None}
        job = Job("__act__", caller.process, caller.incarnation, 0, clients)
        return _InTurn(number, codes[act.function].process(job))

    world = World(
        clock,
        trace,
        {
            "turns": turns,
            "clock": ClockAgent(clock),
            "kafka": KafkaAgent(cluster, clock, at),
            "amqp": AmqpAgent(Broker(clock, trace, at), clock),
            "redis": RedisAgent(clock, trace, at, 0),
            "sqs": AwsAgent(aws, "sqs"),
            "sns": AwsAgent(aws, "sns"),
        },
        launch,
        [Member(name, restarts=0) for name in names],
        most_effects=EFFECTS,
    )

    def tick() -> None:
        if turns.over < len(names) and clock.now < LONGEST:
            world.at(clock.now + TICK, tick)

    tick()
    world.run()
    printed = "".join(part.text for part in world.printed)
    for act, name in zip(scenario.acts, names, strict=True):
        _ended_well(scenario, act, name, trace, printed)
    return read(printed.splitlines())


def _cell(scenario: Scenario, act: Act) -> str:
    """The module as a cell, whose entry plays one act."""
    clients = [each for each in act.takes if kind_of(each) is not None]
    death = "\n    import os\n    os._exit(9)" if act.ends == "killed" else ""
    return scenario.source + (
        f"\n\ndef __act__({', '.join(clients)}):\n"
        "    from tests.fidelity.acting import parameters\n"
        f"    given = dict({', '.join(f'{each}={each}' for each in clients)})\n"
        f"    {act.function}(**parameters({list(act.takes)!r}, given, '', print))" + death + "\n"
    )


def _ended_well(scenario: Scenario, act: Act, name: str, trace: Trace, printed: str) -> None:
    [how] = [each for each in trace.of(Exited) if each.who.startswith(f"{name}#")] or [None]
    wanted = "vanished" if act.ends == "killed" else "returned"
    if how is None or how.how != wanted:
        why = "it never ended" if how is None else f"{how.how} {how.error}: {how.message}"
        line = f", line {how.line} of {scenario.module}" if how is not None else ""
        raise ActFailed(f"simulator: {act.function} of {scenario.title!r}{line}: {why}\n{printed}")


class _Turns:
    """The agent that lets one act begin when those before it have ended."""

    def __init__(self) -> None:
        self.over = 0

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        if op != "take":
            return no_such("turns", op)
        return Wait(lambda: Answer(None) if self.over == args["number"] else None)

    def lost(self, caller: Caller) -> None:
        self.over += 1

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        pass

    def broken(
        self, caller: Caller, op: str, args: dict[str, Value], happened: bool
    ) -> Reply | Wait | None:
        return None

    def again(self, caller: Caller, op: str, args: dict[str, Value], reply: Reply) -> bool:
        return False


@dataclass
class _InTurn:
    """A process that takes its turn before it begins."""

    number: int
    process: Process
    begun: bool = False

    def start(self, now: int) -> Step:
        return Effect("turns", "take", {"number": self.number})

    def resume(self, reply: Reply) -> Step:
        if self.begun:
            return self.process.resume(reply)
        if isinstance(reply, Interrupt):
            return Exit("interrupted")
        self.begun = True
        return self.process.start(reply.now)

    def kill(self) -> None:
        self.process.kill()
