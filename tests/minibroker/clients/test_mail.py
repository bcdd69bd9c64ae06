"""The mail gateway: an e-mail cannot be called back, and a key makes a request safe to repeat."""

import pytest

from minibroker.sim.trace import Deduplicated, Faulted, SideEffect
from tests.minibroker.tiny import Ran, play, worker


def ran(body: str, plan: str = "none") -> Ran:
    found = play(worker(body, takes="mail"), plan=plan, restarts=0)
    assert found.exit.how == "returned", found.exit
    return found


def test_an_email_is_a_side_effect_and_is_told_back() -> None:
    found = ran("print(mail.send('order-1', 'thank you'))")
    assert found.said == "{'id': 'em_1', 'order': 'order-1', 'text': 'thank you'}\n"
    assert found.trace.of(SideEffect) == [
        SideEffect(at=0, who="worker#1", kind="email", subject="order-1")
    ]


def test_a_key_that_was_used_gives_the_first_answer_and_sends_nothing() -> None:
    found = ran("""
        first = mail.send("order-1", "thank you", "key")
        again = mail.send("order-1", "thank you!", idempotency_key="key")
        print(first == again)
    """)
    assert found.said == "True\n"
    assert len(found.trace.of(SideEffect)) == 1
    assert [(event.subject, event.key) for event in found.trace.of(Deduplicated)] == [
        ("order-1", "key")
    ]


def test_without_a_key_every_request_sends() -> None:
    assert len(ran("for _ in 'ab': mail.send('order-1', 'hi')").trace.of(SideEffect)) == 2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("mail.send(7, 'hi')", "an order is named by a str, not by 7"),
        ("mail.send('order-1', None)", "the text of an e-mail is a str, not None"),
        ("mail.send('order-1', 'hi', '')", "an idempotency key is a str, not ''"),
        ("[mail.send(f'order-{n}', 'hi', 'key') for n in (1, 2)]",
         "idempotency key 'key' was used for 'order-1', not for 'order-2'"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused_in_a_sentence(call: str, says: str) -> None:
    found = ran(f"""
        from minibroker.clients.mail import MailError
        try:
            {call}
        except MailError as error:
            print(error)
    """)
    assert found.said == says + "\n"


@pytest.mark.parametrize(
    ("fault", "error", "sent"),
    [("definite", "MailUnavailable", 0), ("indefinite", "MailTimeout", 1)],
)
def test_an_error_says_whether_the_email_was_sent(fault: str, error: str, sent: int) -> None:
    found = ran(
        f"""
        from minibroker.clients.mail import {error}
        try:
            mail.send("order-1", "hi")
        except {error}:
            print("caught")
        """,
        plan=f"{fault}:1",
    )
    assert found.said == "caught\n"
    assert len(found.trace.of(SideEffect)) == sent
    assert [event.kind for event in found.trace.of(Faulted)] == [fault]
