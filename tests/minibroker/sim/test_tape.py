"""Tapes: a recorded process in place of a real one, until the schedule leaves the recording."""

from collections.abc import Generator

import pytest

from minibroker.sim.effect import Answer, Caller, Effect, Exit, Launch, Process, Step
from minibroker.sim.tape import NotDeterministic, TapedProcess
from minibroker.sim.trace import Ended, Requested
from minibroker.sim.world import Recording
from tests.minibroker.tiny import Ran, Scenario, inline, play, published, worker


class Counting:
    """Starts processes and counts them."""

    def __init__(self, source: str) -> None:
        self._launch = inline(source)
        self.started: list[Caller] = []

    def __call__(self, caller: Caller) -> Process:
        self.started.append(caller)
        return self._launch(caller)


def taped(recorded: Ran, launch: Launch) -> Launch:
    """Starts what was recorded from its recording, and all else for real."""

    def start(caller: Caller) -> Process:
        tape = recorded.recordings.get(caller)
        return launch(caller) if tape is None else TapedProcess(tape, lambda: launch(caller))

    return start


CONSUMES = worker("""
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        print(body, method.redelivered)
        payments.charge(body.decode(), 1, body.decode())
        channel.basic_ack(method.delivery_tag)
""")

RAISES_EVERY_TIME = worker("""
    import uuid
    method, properties, body = channel.basic_get("orders")
    if method is not None:
        database.put("orders", body.decode(), {"key": str(uuid.uuid4()), "at": time.time()})
        channel.basic_ack(method.delivery_tag)
        raise OSError("start me again")
    time.sleep(3)
""")

TELLS_THE_TIME_FIRST = worker(
    """
    database.put("starts", str(time.monotonic()))
    database.put("starts", "second")
    raise OSError("start me again")
    """,
    takes="database",
)

POLLS = worker("""
    while True:
        method, properties, body = channel.basic_get("orders")
        if method is None:
            time.sleep(0.25)
        else:
            payments.charge(body.decode(), 1)
            channel.basic_ack(method.delivery_tag)
""")


def late(stage: object) -> None:
    for scenario in (published("one", "two"), published("three", at=4)):
        scenario(stage)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source",
    [CONSUMES, RAISES_EVERY_TIME, TELLS_THE_TIME_FIRST, POLLS],
    ids=["consumes", "raises every time", "tells the time first", "polls"],
)
def test_a_taped_run_leaves_the_trace_of_a_real_one_byte_for_byte(source: str) -> None:
    recorded = play(source, late, restarts=3)
    for at in range(1, recorded.trace.of(Ended)[0].effects + 1):
        real = play(source, late, f"crash:{at}", restarts=3)
        played = play(taped(recorded, inline(source)), late, f"crash:{at}", restarts=3)
        assert played.trace.text() == real.trace.text()
        assert played.said_by == real.said_by


def test_only_the_recovery_runs_anew() -> None:
    recorded = play(CONSUMES, late)
    launch = Counting(CONSUMES)
    play(taped(recorded, launch), late, "crash:7")
    assert launch.started == [Caller("worker", 2)]


def test_a_tape_that_is_played_to_its_end_starts_nothing() -> None:
    recorded = play(CONSUMES, late)
    launch = Counting(CONSUMES)
    assert play(taped(recorded, launch), late).trace.text() == recorded.trace.text()
    assert launch.started == []


def test_a_process_that_is_answered_otherwise_becomes_real() -> None:
    two = ("worker-1", "worker-2")
    recorded = play(CONSUMES, late, members=two)
    launch = Counting(CONSUMES)
    real = play(CONSUMES, late, "crash:7", members=two)
    played = play(taped(recorded, launch), late, "crash:7", members=two)
    assert played.trace.text() == real.trace.text()
    assert Caller("worker-2", 1) in launch.started
    assert Caller("worker-1", 1) not in launch.started


def test_what_a_process_prints_is_no_step() -> None:
    two = ("worker-1", "worker-2")
    source = CONSUMES.replace("print(body", "print(channel, body")  # its address, that is
    recorded = play(source, late, members=two)
    for at in range(1, recorded.trace.of(Ended)[0].effects + 1):
        played = play(taped(recorded, inline(source)), late, f"crash:{at}", members=two)
        real = play(source, late, f"crash:{at}", members=two)
        assert played.trace.text() == real.trace.text()


def put(key: str) -> Effect:
    return Effect("database", "commit", {"writes": [["put", "notes", key, {}]]})


class Fickle:
    """A process that takes other steps each time it is made."""

    made = 0

    def __init__(self) -> None:
        Fickle.made += 1
        self._steps: Generator[Effect, object, None] = self._run(Fickle.made)
        self.killed = False

    def _run(self, number: int) -> Generator[Effect, object, None]:
        yield put("same")
        yield put(f"key {number}")

    def start(self, now: int) -> Step:
        return next(self._steps)

    def resume(self, reply: object) -> Step:
        return next(self._steps, None) or Exit("returned")

    def kill(self) -> None:
        self.killed = True


def test_a_source_that_takes_other_steps_for_the_same_replies_is_found_out() -> None:
    made: list[Fickle] = []

    def launch(_: Caller) -> Fickle:
        made.append(Fickle())
        return made[-1]

    tape = play(launch).recordings[Caller("worker", 1)]
    played = TapedProcess(tape, lambda: launch(Caller("worker", 1)))
    played.start(0)
    played.resume(tape.replies[0])
    with pytest.raises(NotDeterministic):
        played.resume(Answer("something else"))
    played.kill()
    assert made[-1].killed


def test_killing_a_taped_process_starts_nothing() -> None:
    def never() -> Process:
        raise AssertionError("it was made real")

    played = TapedProcess(Recording(0, [put("a"), Exit("returned")], [Answer(None)]), never)
    assert played.start(0) == put("a")
    played.kill()


def test_a_tape_goes_on_only_for_the_same_reply_at_the_same_time() -> None:
    source = worker("database.put('a', 'a')\nprint(time.monotonic())", takes="database")
    recorded = play(source)
    tape = recorded.recordings[Caller("worker", 1)]
    [reply] = tape.replies
    assert isinstance(reply, Answer)
    for other in (Answer(reply.value, reply.now + 1, reply.did), Answer(None, reply.now, "idle")):
        launch = Counting(source)
        played = TapedProcess(tape, lambda launch=launch: launch(Caller("worker", 1)))
        played.start(0)
        step = played.resume(other)
        assert isinstance(step, Exit)
        assert step.printed == f"{other.now / 1e6}\n"
        assert len(launch.started) == 1


def test_the_world_does_everything_again_behind_a_tape() -> None:
    """Another scenario behind the same tape: the process is told otherwise, and becomes real."""
    empty: Scenario = published()
    recorded = play(CONSUMES, late)
    played = play(taped(recorded, inline(CONSUMES)), empty)
    assert played.trace.text() == play(CONSUMES, empty).trace.text()
    assert len(played.trace.of(Requested)) < len(recorded.trace.of(Requested))
