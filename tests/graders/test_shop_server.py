"""The scenario's own payment server, which answers the learner's client."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from graders.shop_server import NAME
from graders.stage import Owes, Run, Stage, perform
from minibroker.sim.effect import Caller, Process
from minibroker.sim.trace import Deduplicated, Delivered, Published, Settled, SideEffect

REQUESTS, REPLIES = "charges", "replies"
ORDER = {"id": "order-1", "cents": 42}


def nobody(caller: Caller) -> Process:
    raise AssertionError("there is no process in this run")


def asked(
    *bodies: Mapping[str, Any] | bytes,
    slow: Mapping[str, float] | None = None,
    loses: Sequence[str] = (),
    reply_to: str = REPLIES,
    declines: str = "",
) -> Run:
    """A run in which the server is asked, a second apart, the first time at 1 s."""

    def scenario(stage: Stage) -> None:
        stage.queue(REQUESTS)
        stage.queue(REPLIES)
        stage.reader(REPLIES)
        stage.server(REQUESTS, slow or {}, loses)
        if declines:
            stage.declines(declines)
        for second, body in enumerate(bodies, 1):
            owes = Owes("charge", "order-1", {"cents": 42})
            call = f"call-{second}"
            stage.publish(second, REQUESTS, body, owes, reply_to=reply_to, correlation_id=call)

    return perform(scenario, [], nobody, (), 0, 200)


def replies(run: Run) -> list[tuple[int, dict[str, Any]]]:
    """What the server said, and in which second."""
    return [
        (event.at // 1_000_000, json.loads(event.body))
        for event in run.trace.of(Published)
        if event.who == NAME
    ]


def test_it_charges_replies_and_acks() -> None:
    run = asked(ORDER)
    assert replies(run) == [(1, {"status": "paid", "cents": 42})]
    assert [(event.who, event.subject) for event in run.trace.of(SideEffect)] == [(NAME, "order-1")]
    assert (NAME, "acked") in [(event.who, event.how) for event in run.trace.of(Settled)]


def test_it_charges_an_order_once_and_replies_each_time() -> None:
    run = asked(ORDER, ORDER)
    assert len(replies(run)) == 2
    assert (len(run.trace.of(SideEffect)), len(run.trace.of(Deduplicated))) == (1, 1)


def test_a_no_and_what_is_no_request_are_answered() -> None:
    assert replies(asked(ORDER, declines="order-1")) == [(1, {"status": "declined"})]
    for body in (b"what?", b"[]", {"id": "order-1"}):
        assert replies(asked(body)) == [(1, {"status": "no request"})]


def test_who_says_no_address_gets_no_reply_and_the_server_goes_on() -> None:
    run = asked(ORDER, reply_to="")
    assert replies(run) == []
    assert len(run.trace.of(SideEffect)) == 1


def test_it_loses_the_first_request_about_an_order_and_no_other() -> None:
    assert replies(asked(ORDER, ORDER, loses=["order-1"])) == [(2, {"status": "paid", "cents": 42})]


def test_who_asks_again_while_it_works_is_answered_when_that_is_done() -> None:
    run = asked(ORDER, ORDER, ORDER, slow={"order-1": 1.5})
    assert [second for second, _ in replies(run)] == [2, 2, 3]


def test_the_reader_takes_all_that_comes() -> None:
    run = asked(ORDER)
    assert [e.who for e in run.trace.of(Delivered) if e.queue == REPLIES] == ["checkout"]
