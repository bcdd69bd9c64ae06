"""The world: runs processes against agents in virtual time, under a plan of faults.

Theory of operation. One heap of (time, order, action) holds all that is due. The world takes
the earliest action, moves the clock there and does it; ties go in the order they were made, so
a run is a function of the processes, the scenario and the plan. An effect happens at the moment
it is requested; its answer reaches the process one `LATENCY` later, which is when other
processes get their turn. A request that must block is kept as a `Wait` and looked at again
after every action.

A run comes to rest when no action is left. Then every blocked call is interrupted
(KeyboardInterrupt, as Ctrl+C would), and the run ends when all processes have. A process that
polls never blocks, so *idle* answers are counted too: each one in a row takes at least twice as
long as the one before had to, up to a second, and after 25 of them the next one waits for the next
thing that can change anything; if there is no such thing, it is interrupted. A poll that waited
for its timeout counts more, and after a few of them they take longer and longer too, as if nobody
had woken the process, but never beyond the next change. Only a sleep takes exactly its time. Once
one is interrupted all are: nobody takes up the work of one that was only told to stop.

A process that crashes or raises is started afresh after `RESTART_DELAY`, as a supervisor would,
until it has raised more often than its member allows. What it raises after a fault gave it an
error is not held against it.

A plan's faults are done here, at the boundary: see `minibroker.sim.faults`. What a broken call or
a long silence means to the other side is the agent's to know.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from minibroker.sim.agent import Agent, Wait
from minibroker.sim.clock import MILLISECOND, SECOND, Clock
from minibroker.sim.effect import (
    Answer,
    Caller,
    Effect,
    Exit,
    Interrupt,
    Launch,
    Process,
    Refusal,
    Reply,
    Step,
)
from minibroker.sim.faults import PAUSE, PREEMPTION, Plan
from minibroker.sim.trace import (
    Answered,
    Crashed,
    Ended,
    Exited,
    Faulted,
    GaveUp,
    Interrupted,
    Requested,
    Started,
    Trace,
)

LATENCY = MILLISECOND
RESTART_DELAY = SECOND
IDLE_STEP = 10
IDLE_ENOUGH = 25 * IDLE_STEP
"""A process is taken to be idle after 25 idle answers in a row, or 250 reads, or a mixture,
in which nothing in the world has changed."""

LONG_STEP = 24
SETTLED = 3 * LONG_STEP
LONG_WAIT = SECOND // 2
LONGEST_WAIT = 128 * SECOND
"""A poll that waited for half a second or more and found nothing counts as 2.4, and from the fourth
in a row on each takes four times as long, up to so long: time enough for whoever acts when nothing
has come for a while or ten times in a row, in few effects. It is less than ``max.poll.interval.ms``
of a Kafka consumer (300 s)."""

LONG_SILENCE = 10 * SECOND
"""A sleep as long as this is told to the peers, which may give the sleeper up for dead."""

INTERRUPTS = 3
"""How often a process is interrupted at most; one that goes on after that is killed."""

RESTARTED = frozenset({"raised"})
"""The exits after which a supervisor starts the process again."""


@dataclass
class Recording:
    """The steps that one incarnation took and the replies it took them for, and when (virtual
    time in microseconds) it was started."""

    started: int = 0
    steps: list[Step] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)


@dataclass(slots=True)
class Member:
    """One instance of a role: the process that a supervisor keeps alive, from `starts` on (virtual
    time in microseconds)."""

    name: str
    restarts: int = 5
    starts: int = 0
    incarnation: int = 0
    raised: int = 0
    process: Process | None = None
    number: int = 0
    asked: int = 0
    effect: Effect = field(default_factory=lambda: Effect("", "", {}))
    troubled: bool = False
    """Whether a fault gave this incarnation an error, which is no fault of its code's."""
    waiting: Wait | None = None
    idle: int = 0
    interrupts: int = 0
    caller: Caller = field(init=False)
    """Its incarnation that lives now, or lived last."""
    label: str = field(init=False)
    recording: Recording = field(init=False)

    def begin(self) -> None:
        """Count another incarnation."""
        self.incarnation += 1
        self.interrupts = 0
        self.troubled = False
        self.caller = Caller(self.name, self.incarnation)
        self.label = self.caller.label


@dataclass(frozen=True, slots=True)
class Printed:
    """What a process printed, and how many events of the trace there were by then."""

    position: int
    who: str
    text: str


class World:
    """One run. Make it, let the scenario schedule its steps with `at`, call `run` once."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        agents: Mapping[str, Agent],
        launch: Launch,
        members: Sequence[Member],
        plan: Plan = (),
        most_effects: int = 1_000,
    ) -> None:
        self.clock = clock
        self.trace = trace
        self.effects = 0
        self.printed: list[Printed] = []
        self.recordings: dict[Caller, Recording] = {}
        self._agents = agents
        self._launch = launch
        self._members = members
        self._faults = {fault.at: fault.kind for fault in plan}
        self._most_effects = most_effects
        self._due: list[tuple[int, int, Callable[[], None], Member | None]] = []
        self._order = 0
        self._closing = False  # all were idle, and one of them was interrupted for it

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Do `action` at virtual time `when` (microseconds): a scenario's step, a timer."""
        self._push(when, action, None)

    def run(self) -> None:
        """Run to the end; the trace holds what happened."""
        for member in self._members:
            self.at(member.starts, lambda member=member: self._spawn(member))  # type: ignore[misc]
        try:
            self._run()
        finally:
            for member in self._members:
                if member.process is not None:
                    member.process.kill()

    def _run(self) -> None:
        why = "quiet"
        while True:
            if self.effects >= self._most_effects:
                why = "effects"
                break
            if not self._due:
                if self._interrupt_blocked():
                    continue
                break
            when, _, action, whose = heapq.heappop(self._due)
            self.clock.advance(when)
            length = len(self.trace)
            action()
            if whose is None and len(self.trace) > length and not self._closing:
                self._progress()  # something came, or expired: worth another poll
            self._look_at_waiting()
        self.trace.append(Ended(at=self.clock.now, why=why, effects=self.effects))

    def _push(self, when: int, action: Callable[[], None], whose: Member | None) -> None:
        """Do `action` at `when`; `whose` process goes on by it, None if it is the world's own."""
        self._order += 1
        heapq.heappush(self._due, (when, self._order, action, whose))

    # --- processes ---------------------------------------------------------------------

    def _spawn(self, member: Member) -> None:
        member.begin()
        self._progress()
        caller = member.caller
        self.trace.append(Started(at=self.clock.now, who=member.label))
        self.recordings[caller] = member.recording = Recording(self.clock.now)
        process = member.process = self._launch(caller)
        self._stepped(member, process.start(self.clock.now))

    def _resume(self, member: Member, process: Process, number: int, reply: Reply) -> None:
        if member.process is not process:
            return  # it was killed meanwhile
        who, now = member.label, self.clock.now
        if isinstance(reply, Answer):
            self.trace.append(
                Answered(at=now, who=who, number=number, value=reply.value, did=reply.did)
            )
            reply = Answer(reply.value, now, reply.did)
        elif isinstance(reply, Refusal):
            self.trace.append(
                Answered(
                    at=now,
                    who=who,
                    number=number,
                    error=reply.error,
                    message=reply.message,
                    did=reply.did,
                )
            )
            reply = Refusal(reply.error, reply.message, reply.data, now, reply.did)
        else:
            member.interrupts += 1
            self.trace.append(Interrupted(at=now, who=who, number=number))
            reply = Interrupt(now)
        member.recording.replies.append(reply)
        self._stepped(member, process.resume(reply))

    def _stepped(self, member: Member, step: Step) -> None:
        member.recording.steps.append(step)
        if step.printed:
            self.printed.append(Printed(len(self.trace), member.label, step.printed))
        if isinstance(step, Exit):
            self._exited(member, step)
        else:
            self._requested(member, step)

    def _exited(self, member: Member, how: Exit) -> None:
        caller = member.caller
        member.process = None
        if how.how != "interrupted":
            self._progress()
        self.trace.append(
            Exited(
                at=self.clock.now,
                who=member.label,
                how=how.how,
                error=how.error,
                message=how.message,
                line=how.line,
            )
        )
        self._lost(caller)
        if how.how == "raised" and not member.troubled:
            member.raised += 1
        if how.how in RESTARTED and member.raised <= member.restarts:
            self.at(self.clock.now + RESTART_DELAY, lambda: self._spawn(member))
        elif how.how not in ("returned", "interrupted"):
            restarts = member.incarnation - 1
            self.trace.append(GaveUp(at=self.clock.now, who=member.label, restarts=restarts))

    def _crash(self, member: Member) -> None:
        caller, process = member.caller, member.process
        if process is not None:
            process.kill()
        member.process = None
        self._progress()
        self.trace.append(Crashed(at=self.clock.now, who=member.label, number=member.number))
        self._lost(caller)
        self.at(self.clock.now + RESTART_DELAY, lambda: self._spawn(member))

    def _lost(self, caller: Caller) -> None:
        for agent in self._agents.values():
            agent.lost(caller)

    # --- effects -----------------------------------------------------------------------

    def _requested(self, member: Member, effect: Effect) -> None:
        self.effects += 1
        member.number = self.effects
        member.asked = self.clock.now
        member.effect = effect
        caller = member.caller
        self.trace.append(
            Requested(
                at=self.clock.now,
                who=member.label,
                number=member.number,
                client=effect.client,
                op=effect.op,
                args=effect.args,
            )
        )
        agent = self._agents.get(effect.client)
        if agent is None:
            answer: Reply | Wait = Refusal(
                "NotInSubset", f"this role was given no client {effect.client!r}"
            )
        elif (
            self._faults.get(member.number) == "definite"
            and (error := self._broken(member, "definite", happened=False)) is not None
        ):
            answer = error
        else:
            answer = agent.request(caller, effect.op, effect.args)
        if isinstance(answer, Wait):
            if effect.client == "clock" and answer.deadline is not None:
                self._silent(caller, answer.deadline, frozen=False)
            self._block(member, answer)
        else:
            self._happened(member, answer)

    def _block(self, member: Member, wait: Wait) -> None:
        ready = wait.ready()
        if ready is not None:
            self._happened(member, ready)
            return
        member.waiting = wait
        if wait.deadline is not None:
            process, number = member.process, member.number
            self._push(wait.deadline, lambda: self._timed_out(member, process, number), member)

    def _timed_out(self, member: Member, process: Process | None, number: int) -> None:
        if member.process is process and member.number == number and member.waiting is not None:
            otherwise = member.waiting.otherwise
            member.waiting = None
            self._happened(member, otherwise)

    def _look_at_waiting(self) -> None:
        for member in self._members:
            if member.waiting is not None and (ready := member.waiting.ready()) is not None:
                member.waiting = None
                self._happened(member, ready)

    def _happened(self, member: Member, reply: Reply) -> None:
        """The effect has happened; its answer is on the way, unless a fault comes first."""
        kind = self._faults.get(member.number)
        if (
            kind == "indefinite"
            and (error := self._broken(member, "indefinite", happened=True)) is not None
        ):
            assert not isinstance(error, Wait), "what happened is not waited for"
            reply = error
        when = self.clock.now + LATENCY
        did = "idle" if isinstance(reply, Interrupt) else reply.did
        waited = self.clock.now - member.asked
        long = waited >= LONG_WAIT and member.effect.client != "clock"
        if did == "changed":
            self._progress()
        elif did == "read":
            member.idle += 1
        else:
            member.idle += LONG_STEP if long else IDLE_STEP
        if kind == "crash":
            self._crash(member)
            return
        if kind == "pause" or kind == "preempt":
            when += self._delay(member, kind)
        if kind == "duplicate":
            self._again(member, reply)
        if did == "idle" and member.idle <= IDLE_ENOUGH:
            in_a_row = member.idle // IDLE_STEP
            when = max(when, member.asked + min(LATENCY << max(0, in_a_row - 1), SECOND))
            if member.idle > SETTLED and long:
                again = (member.idle - SETTLED) // LONG_STEP
                longer = self.clock.now + min(waited << 2 * again, LONGEST_WAIT)
                change = self._next_change(SETTLED)
                when = max(when, longer if change is None else min(longer, change))
        elif member.idle > IDLE_ENOUGH:
            change = None if self._closing else self._next_change(IDLE_ENOUGH)
            if change is None:
                self._closing = True
                if member.interrupts >= INTERRUPTS:
                    self._killed(member)
                    return
                reply = Interrupt()
            else:
                when = max(when, change)
        process, number = member.process, member.number
        assert process is not None
        self._push(when, lambda: self._resume(member, process, number, reply), member)

    def _broken(self, member: Member, kind: str, happened: bool) -> Reply | Wait | None:
        """What the plan has for this call instead of its answer, if it has anything and the call
        can fail so."""
        effect = member.effect
        agent = self._agents.get(effect.client)
        if agent is None:
            return None
        error = agent.broken(member.caller, effect.op, effect.args, happened)
        if error is not None:
            member.troubled = member.troubled or isinstance(error, Refusal)
            self._faulted(member, kind)
        return error

    def _delay(self, member: Member, kind: str) -> int:
        """For how long the plan keeps the answer of this call back, in microseconds."""
        self._faulted(member, kind)
        if kind == "preempt":
            return PREEMPTION
        self._silent(member.caller, self.clock.now + PAUSE, frozen=True)
        return PAUSE

    def _again(self, member: Member, reply: Reply) -> None:
        """Let what this call handed out come once more, if it is something that can."""
        effect = member.effect
        agent = self._agents.get(effect.client)
        if agent is not None and agent.again(member.caller, effect.op, effect.args, reply):
            self._faulted(member, "duplicate")

    def _faulted(self, member: Member, kind: str) -> None:
        self.trace.append(
            Faulted(at=self.clock.now, who=member.label, number=member.number, kind=kind)
        )

    def _silent(self, caller: Caller, until: int, frozen: bool) -> None:
        if until - self.clock.now >= LONG_SILENCE:
            for agent in self._agents.values():
                agent.silent(caller, until, frozen)

    def _progress(self) -> None:
        """Something changed: nobody is idle any more."""
        self._closing = False
        for member in self._members:
            member.idle = 0

    def _next_change(self, idle: int) -> int | None:
        """When the next thing is due that may change anything: something of the world's own, or a
        process that is not `idle` goes on (one that sleeps or stands still goes on when that is
        over). None when there is no such thing."""
        return min(
            (
                due
                for due, _, _, whose in self._due
                if whose is None or (whose.process is not None and whose.idle <= idle)
            ),
            default=None,
        )

    def _interrupt_blocked(self) -> bool:
        """Interrupt the first blocked call. False when no process is left to interrupt."""
        for member in self._members:
            if member.process is None or member.waiting is None:
                continue
            member.waiting = None
            if member.interrupts >= INTERRUPTS:
                self._killed(member)
            else:
                process = member.process
                self._resume(member, process, member.number, Interrupt())
                self._look_at_waiting()
            return True
        return False

    def _killed(self, member: Member) -> None:
        """It was interrupted often enough and still goes on."""
        caller = member.caller
        if member.process is not None:
            member.process.kill()
        member.process = None
        self.trace.append(Exited(at=self.clock.now, who=member.label, how="would not stop"))
        self._lost(caller)
        self.trace.append(
            GaveUp(at=self.clock.now, who=member.label, restarts=member.incarnation - 1)
        )
