"""Dead letters, delays and confirms as a learner meets them: through the client, in a world."""

from typing import Any

from minibroker.sim.clock import SECOND
from minibroker.sim.trace import DeadLettered, Delivered, Requeued, Settled
from tests.minibroker.tiny import Ran, play, published, worker


def ran(body: str, *messages: str, **options: Any) -> Ran:
    found = play(worker(body, "channel, database"), published(*messages), **options)
    assert found.exit.how in ("returned", "interrupted"), found.exit
    return found


LADDER = """
channel.queue_declare("work", durable=True, arguments={
    "x-queue-type": "quorum", "x-dead-letter-exchange": "retry"})
channel.exchange_declare("retry", "fanout")
channel.queue_declare("later", durable=True, arguments={
    "x-message-ttl": 5000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work"})
channel.queue_bind("later", "retry")
"""


def test_a_rejected_message_comes_back_after_the_time_to_live_of_a_retry_queue() -> None:
    found = ran(
        LADDER
        + """
channel.basic_publish("", "work", b"order-1")
for method, properties, body in channel.consume("work"):
    deaths = (properties.headers or {}).get("x-death", [])
    print(int(time.monotonic()), [(d["queue"], d["reason"], d["count"]) for d in deaths])
    if sum(d["count"] for d in deaths if d["queue"] == "work") == 2:
        channel.basic_ack(method.delivery_tag)
    else:
        channel.basic_nack(method.delivery_tag, requeue=False)
"""
    )
    assert found.said.splitlines() == [
        "0 []",
        "5 [('later', 'expired', 1), ('work', 'rejected', 1)]",
        "10 [('later', 'expired', 2), ('work', 'rejected', 2)]",
    ]
    assert [(e.who, e.queue, e.reason, e.queues) for e in found.trace.of(DeadLettered)] == [
        ("worker#1", "work", "rejected", ["later"]),
        ("broker", "later", "expired", ["work"]),
    ] * 2
    assert len({event.message for event in found.trace.of(DeadLettered)}) == 1


def test_a_crash_counts_against_the_delivery_limit_of_a_quorum_queue() -> None:
    source = worker("""
        channel.queue_declare("dead", durable=True)
        channel.queue_declare("work", durable=True, arguments={
            "x-queue-type": "quorum", "x-delivery-limit": 1,
            "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
        if not database.get("sent", "x"):
            channel.basic_publish("", "work", b"poison")
            database.put("sent", "x", {"at": 1})
        for method, properties, body in channel.consume("work"):
            print((properties.headers or {}).get("x-delivery-count"))
            raise ValueError(body)
    """)
    found = play(source, restarts=5)
    assert found.said.splitlines() == ["None", "1"]
    [dead] = found.trace.of(DeadLettered)
    assert (dead.reason, dead.queues, dead.who) == ("delivery_limit", ["dead"], "broker")
    assert [event.why for event in found.trace.of(Requeued)] == ["connection lost"]


def test_properties_with_a_history_can_be_published_again() -> None:
    found = ran(
        LADDER
        + """
channel.basic_publish("", "later", b"order-1")
for method, properties, body in channel.consume("work"):
    death = properties.headers["x-death"][0]
    print(type(death["time"]).__name__, death["time"].isoformat())
    channel.basic_publish("", "orders", body, properties)
    print(channel.basic_get("orders")[1].headers["x-death"][0] == death)
    break
"""
    )
    assert found.said.splitlines() == ["datetime 2026-01-05T09:00:05+00:00", "True"]


def test_a_timer_fires_inside_start_consuming_while_nothing_comes() -> None:
    found = ran(
        """
        def tick():
            print(int(time.monotonic()))
            if time.monotonic() < 25:
                channel.connection.call_later(10, tick)

        channel.basic_consume("orders", lambda *given: None, auto_ack=True)
        channel.connection.call_later(10, tick)
        channel.start_consuming()
        """
    )
    assert found.said.splitlines() == ["10", "20", "30"]


def test_a_callback_may_ack_later_by_a_timer() -> None:
    found = ran(
        """
        def on_message(ch, method, properties, body):
            ch.connection.call_later(3, lambda: ch.basic_ack(method.delivery_tag))

        channel.basic_consume("orders", on_message)
        channel.start_consuming()
        """,
        "one",
    )
    [settled] = found.trace.of(Settled)
    assert settled.how == "acked"
    assert 3 * SECOND <= settled.at < 4 * SECOND


def test_confirms_tell_what_was_not_taken_and_what_came_back() -> None:
    found = ran(
        """
        from pika import exceptions
        channel.queue_declare("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
        channel.confirm_delivery()
        channel.basic_publish("", "full", b"one")
        try:
            channel.basic_publish("", "full", b"two")
        except exceptions.NackError as error:
            print(error.messages)
        channel.basic_publish("", "nowhere", b"three")
        try:
            channel.basic_publish("", "nowhere", b"four", mandatory=True)
        except exceptions.UnroutableError as error:
            [back] = error.messages
            print(back.method.reply_code, back.method.reply_text, back.body)
        """
    )
    assert found.said.splitlines() == ["[]", "312 NO_ROUTE b'four'"]


def test_a_short_time_to_live_waits_behind_a_long_one() -> None:
    found = ran(
        """
        from pika import BasicProperties
        channel.queue_declare("later", arguments={
            "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders"})
        channel.basic_publish("", "later", b"long", BasicProperties(expiration="60000"))
        channel.basic_publish("", "later", b"short", BasicProperties(expiration="1000"))
        for method, properties, body in channel.consume("orders", auto_ack=True):
            print(int(time.monotonic()), body, properties.expiration,
                  properties.headers["x-death"][0]["original-expiration"])
        """
    )
    assert found.said.splitlines() == ["60 b'long' None 60000", "60 b'short' None 1000"]
    assert len(found.trace.of(Delivered)) == 2
