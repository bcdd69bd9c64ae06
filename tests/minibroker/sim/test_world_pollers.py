"""Pollers: what comes late, after they have looked in vain for a while, is found all the same."""

import pytest

from tests.minibroker.tiny import play, published, worker

SLEEPS_WHEN_EMPTY = worker("""
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            time.sleep(0.5)
            continue
        print(body.decode())
        channel.basic_ack(method.delivery_tag)
""")
POLLS_ONLY = SLEEPS_WHEN_EMPTY.replace("time.sleep(0.5)", "pass")


@pytest.mark.parametrize("at", [1, 5, 15, 20, 30.5, 1_000])
def test_who_sleeps_between_two_looks_finds_what_comes_late(at: float) -> None:
    assert play(SLEEPS_WHEN_EMPTY, published("late", at=at)).said == "late\n"


@pytest.mark.parametrize("at", [1, 20, 30.5, 1_000])
def test_who_only_looks_finds_what_comes_late(at: float) -> None:
    assert play(POLLS_ONLY, published("late", at=at)).said == "late\n"
