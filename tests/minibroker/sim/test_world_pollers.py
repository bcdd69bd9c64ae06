"""Pollers: what comes late, after they have looked in vain for a while, is found all the same."""

import pytest

from minibroker.sim.clock import SECOND
from minibroker.sim.trace import Ended, Interrupted
from tests.minibroker import kafka
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


WAITS_A_SECOND = """
    import time

    def worker(connection):
        connection.channel()
        began, looked = time.time(), 0
        while True:
            connection.process_data_events(1)
            looked += 1
            if looked == 10:
                print("looked ten times")
            if time.time() - began > 60:
                print("waited a minute")
                began = float("inf")
"""


def test_who_acts_after_ten_polls_or_a_minute_in_vain_gets_to_it_in_few_effects() -> None:
    ran = play(WAITS_A_SECOND, published())
    assert set(ran.said.splitlines()) == {"looked ten times", "waited a minute"}
    assert ran.trace.of(Ended)[0].effects < 15


def test_once_one_is_told_to_stop_all_are() -> None:
    reader = kafka.consuming(
        """
        consumer.subscribe(["orders"])
        while True:
            message = consumer.poll(1.0)
            if message is not None:
                consumer.commit(message)
        """,
        enable_auto_commit=False,
    )
    scenario = kafka.holding(orders=["one", "two"], partitions=2)
    ran = kafka.play(reader, scenario, members=("worker-1", "worker-2"))
    first, second = (event.at for event in ran.trace.of(Interrupted))
    assert second - first <= 2 * SECOND
