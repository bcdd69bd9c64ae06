"""A child that is told at once what its beginning was answered, and frames that come in a row."""

import socket
import time
from collections.abc import Iterator

import pytest

from graders.sandbox import transport
from graders.sandbox.transport import children
from graders.sandbox.wire import LONGEST, Broke, Gone, TooLate, of_step, receive_run, send
from minibroker.sim.effect import Answer, Effect, Exit, Refusal, Reply
from minibroker.sim.incarnation import Job
from minibroker.sim.tape import caught_up

JOB = Job("worker", "worker", 1, 0, {"payments": "payments"})
SOURCE = """
def worker(payments):
    print("begins")
    for order in ("order-1", "order-2", "order-3"):
        found = payments.charges(order)
        payments.charge(order + found[0]["id"], 42)
"""
KNOWN: list[Reply] = [
    Answer([{"id": "a"}], now=1),
    Answer({}, now=2),
    Answer([{"id": "b"}], now=3),
    Answer({}, now=4),
]


def test_it_takes_the_steps_that_it_takes_one_by_one() -> None:
    one = children(SOURCE).process(JOB)
    steps = [one.start(0)]
    for reply in KNOWN:
        steps.append(one.resume(reply))
    one.kill()
    other = children(SOURCE).process(JOB)
    assert [_silent(step) for step in caught_up(other, 0, KNOWN)] == [_silent(s) for s in steps]
    assert other.resume(Answer([{"id": "c"}], now=5)) == Effect(
        "payments",
        "charge",
        {"order": "order-3c", "cents": 42, "idempotency_key": None},
    )
    other.kill()


def test_it_may_end_before_the_replies_do() -> None:
    replies = [KNOWN[0], Refusal("PaymentError", "no", now=2), *KNOWN]
    steps = caught_up(children(SOURCE).process(JOB), 0, replies)
    assert len(steps) == 3
    last = steps[-1]
    assert isinstance(last, Exit)
    assert (last.how, last.error) == ("raised", "PaymentError")


def test_what_it_says_counts_as_if_it_were_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_SENT", 200)
    steps = caught_up(children(SOURCE).process(JOB), 0, KNOWN)
    assert steps[-1] == Exit("broke")
    assert len(steps) < len(KNOWN)


def _silent(step: Effect | Exit) -> Effect | Exit:
    assert isinstance(step, Effect)
    return Effect(step.client, step.op, step.args)


# --- frames ------------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


EFFECT = of_step(Effect("payments", "charges", {"order": "order-1"}))
END = of_step(Exit("returned"))


def test_frames_in_a_row_are_read_up_to_the_number_or_the_end(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    for frame in (EFFECT, EFFECT):
        send(theirs, frame)
    assert [value for value, _ in receive_run(ours, 2, 5)] == [EFFECT, EFFECT]
    for frame in (EFFECT, END):
        send(theirs, frame)
    found = receive_run(ours, 99, 5)
    assert [value for value, _ in found] == [EFFECT, END]
    assert all(size > 4 for _, size in found)


@pytest.mark.parametrize("frames", [[EFFECT, EFFECT], [END, EFFECT]])
def test_nothing_may_follow(
    pair: tuple[socket.socket, socket.socket], frames: list[dict[str, object]]
) -> None:
    ours, theirs = pair
    for frame in frames:
        send(theirs, frame)
    with pytest.raises(Broke):
        receive_run(ours, 1, 5)


def test_a_frame_that_would_be_too_long_is_not_waited_for(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    theirs.sendall((LONGEST + 1).to_bytes(4, "big"))
    with pytest.raises(Broke):
        receive_run(ours, 1, 5)


def test_all_of_it_has_one_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    send(theirs, EFFECT)
    began = time.monotonic()
    with pytest.raises(TooLate):
        receive_run(ours, 2, 0.01)
    assert time.monotonic() - began < 5


def test_who_has_left_sends_nothing_more(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    send(theirs, EFFECT)
    theirs.close()
    with pytest.raises(Gone):
        receive_run(ours, 2, 5)
