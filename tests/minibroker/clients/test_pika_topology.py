"""Every exchange, queue and subscription of AMQP through the client."""

from typing import Any

import pytest

from minibroker.sim.trace import Answered, Requested
from tests.minibroker.tiny import Ran, play, published, worker


def ran(body: str, *messages: str, **options: Any) -> Ran:
    found = play(worker(body, "channel, database"), published(*messages), restarts=0, **options)
    assert found.exit.how in ("returned", "interrupted"), found.exit
    return found


def says(body: str, *messages: str) -> list[str]:
    return ran(body, *messages).said.splitlines()


def test_each_type_of_exchange_can_be_declared_bound_unbound_and_deleted() -> None:
    said = says("""
        from pika import BasicProperties
        for kind, key, arguments in (
            ("direct", "k", None), ("fanout", "", None), ("topic", "#", None),
            ("headers", "", {"x-match": "any", "a": 1}),
        ):
            print(type(channel.exchange_declare(kind, kind).method).__name__)
            print(type(channel.queue_bind("orders", kind, key, arguments).method).__name__)
            properties = BasicProperties(headers={"a": 1})
            channel.basic_publish(kind, "k", kind, properties)
            print(type(channel.queue_unbind("orders", kind, key, arguments).method).__name__)
            channel.basic_publish(kind, "k", "no more", properties)
            print(type(channel.exchange_delete(kind).method).__name__)
        while (got := channel.basic_get("orders", auto_ack=True))[0]:
            print(got[2])
    """)
    assert said[:16] == ["DeclareOk", "BindOk", "UnbindOk", "DeleteOk"] * 4
    assert said[16:] == ["b'direct'", "b'fanout'", "b'topic'", "b'headers'"]


def test_exchanges_are_bound_to_exchanges() -> None:
    said = says("""
        channel.exchange_declare("outer", "topic")
        channel.exchange_declare("inner", "fanout", internal=True)
        channel.queue_bind("orders", "inner")
        print(type(channel.exchange_bind("inner", "outer", "a.*").method).__name__)
        channel.basic_publish("outer", "a.b", "one")
        print(type(channel.exchange_unbind("inner", "outer", "a.*").method).__name__)
        channel.basic_publish("outer", "a.b", "two")
        print(channel.queue_declare("orders", passive=True).method.message_count)
    """)
    assert said == ["BindOk", "UnbindOk", "1"]


def test_queues_are_deleted() -> None:
    assert says(
        """
        deleted = channel.queue_delete("orders")
        print(type(deleted.method).__name__, deleted.method.message_count)
        """,
        "one",
        "two",
    ) == ["DeleteOk 2"]


def test_a_subscriber_of_a_deleted_queue_is_told_and_start_consuming_ends() -> None:
    said = says(
        """
        def told(frame):
            print(type(frame.method).__name__, frame.method.consumer_tag == tag)

        channel.add_on_cancel_callback(told)
        tag = channel.basic_consume("orders", lambda *given: print(given[3]))
        print(channel.consumer_tags == [tag])
        channel.connection.channel().queue_delete("orders")
        channel.start_consuming()
        print(channel.consumer_tags)
        """,
        "one",
    )
    assert said == ["True", "b'one'", "Cancel True", "[]"]


def test_consume_yields_what_was_on_its_way_and_ends_when_its_queue_is_deleted() -> None:
    said = says(
        """
        for method, properties, body in channel.consume("orders"):
            print(body, channel.get_waiting_message_count())
            channel.connection.channel().queue_delete("orders")
        print("over")
        """,
        "one",
        "two",
    )
    assert said == ["b'one' 1", "b'two' 0", "over"]


def test_a_mandatory_message_comes_back_to_a_callback() -> None:
    said = says("""
        def back(ch, method, properties, body):
            print(ch is channel, method.reply_code, method.routing_key, properties.message_id, body)

        from pika import BasicProperties
        channel.add_on_return_callback(back)
        channel.basic_publish("", "nowhere", "one", BasicProperties(message_id="m"), mandatory=True)
        channel.basic_publish("", "nowhere", "two")
        channel.connection.process_data_events(1)
    """)
    assert said == ["True 312 nowhere m b'one'"]


def test_without_a_callback_what_comes_back_wakes_nobody() -> None:
    said = says("""
        channel.basic_publish("", "nowhere", "one", mandatory=True)
        channel.connection.process_data_events(5)
        print(int(time.monotonic()))
    """)
    assert said == ["5"]


def test_consumers_may_have_priorities() -> None:
    said = says(
        """
        low = channel.basic_consume("orders", lambda *given: print("low", given[3]))
        channel.connection.process_data_events(1)
        high = channel.basic_consume("orders", lambda *given: print("high", given[3]),
                                     arguments={"x-priority": 5})
        channel.basic_publish("", "orders", "two")
        channel.connection.process_data_events(1)
        """,
        "one",
    )
    assert said == ["low b'one'", "high b'two'"]


@pytest.mark.parametrize("call", ["basic_consume('orders', print)", "consume('orders').__next__()"])
def test_an_exclusive_consumer_is_alone(call: str) -> None:
    said = says(f"""
        from pika import exceptions
        channel.connection.channel().basic_consume("orders", print, exclusive=True)
        try:
            channel.{call}
        except exceptions.ChannelClosedByBroker as error:
            print(error.reply_code, error.reply_text)
    """)
    assert said == ["403 ACCESS_REFUSED - queue 'orders' in vhost '/' in exclusive use"]


def test_an_exclusive_queue_is_of_its_connection() -> None:
    source = """
        from pika import exceptions

        def worker(channel, connection):
            channel.queue_declare("mine", exclusive=True)
            try:
                connection.channel().queue_declare("mine", exclusive=True)
            except exceptions.ChannelClosedByBroker as error:
                print(error.reply_code)
            channel.connection.close()
            connection.channel().queue_declare("mine", exclusive=True)
            print("again")
    """
    assert play(source, restarts=0).said.splitlines() == ["405", "again"]


def test_recover_gives_back_what_was_taken() -> None:
    said = says(
        """
        channel.basic_get("orders")
        channel.basic_recover(requeue=True)
        print(channel.basic_get("orders")[0].redelivered)
        """,
        "one",
    )
    assert said == ["True"]


# --- timers --------------------------------------------------------------------------------------


def test_a_timer_can_be_taken_back() -> None:
    said = says("""
        first = channel.connection.call_later(1, lambda: print("first"))
        channel.connection.call_later(2, lambda: print("second"))
        channel.connection.remove_timeout(first)
        channel.connection.remove_timeout(99)
        channel.connection.sleep(5)
        print(int(time.monotonic()))
    """)
    assert said == ["second", "5"]


def test_timers_fire_in_the_order_of_their_times_and_only_inside_pika() -> None:
    said = says("""
        for delay in (3, 1, 2, 1):
            channel.connection.call_later(delay, lambda delay=delay: print(delay))
        time.sleep(2)
        print("awake")
        channel.connection.sleep(5)
    """)
    assert said == ["awake", "1", "1", "2", "3"]


def test_a_timer_wakes_process_data_events() -> None:
    said = says("""
        channel.connection.call_later(2, lambda: print("fired"))
        channel.connection.process_data_events(10)
        print(int(time.monotonic()))
    """)
    assert said == ["fired", "2"]


def test_a_timer_does_not_end_the_inactivity_timeout_of_consume() -> None:
    said = says("""
        channel.connection.call_later(2, lambda: print("fired"))
        for got in channel.consume("orders", inactivity_timeout=5):
            print(got[0], int(time.monotonic()))
            break
    """)
    assert said == ["fired", "None 5"]


def test_a_callback_from_elsewhere_runs_at_the_next_occasion() -> None:
    said = says("""
        channel.connection.add_callback_threadsafe(lambda: print("called"))
        print("before")
        channel.connection.process_data_events()
    """)
    assert said == ["before", "called"]


def test_nothing_is_handed_out_inside_a_timer() -> None:
    said = says(
        """
        channel.basic_consume("orders", lambda *given: print(given[3]))
        def fired():
            channel.connection.process_data_events(1)
            print("timer ends")
        channel.connection.call_later(0, fired)
        channel.connection.process_data_events()
        """,
        "one",
    )
    assert said == ["timer ends", "b'one'"]


def test_a_timer_that_raises_leaves_the_others() -> None:
    said = says("""
        def fails():
            raise ValueError("no")
        channel.connection.call_later(1, fails)
        channel.connection.call_later(1, lambda: print("fired"))
        for _ in range(2):
            try:
                channel.connection.sleep(3)
            except ValueError as error:
                print(error)
    """)
    assert said == ["no", "fired"]


@pytest.mark.parametrize("call", ["call_later(-1, print)", "call_later(1, 'print')"])
def test_a_timer_needs_a_time_to_come_and_something_to_call(call: str) -> None:
    found = play(worker(f"channel.connection.{call}"), published(), restarts=0)
    assert found.exit.error in ("ValueError", "TypeError")


def test_timers_end_with_their_connection() -> None:
    found = play(
        worker("""
        channel.connection.call_later(1, lambda: print("fired"))
        channel.connection.close()
        channel.connection.add_callback_threadsafe(print)
        """),
        published(),
        restarts=0,
    )
    assert (found.said, found.exit.error) == ("", "ConnectionWrongStateError")


# --- properties ----------------------------------------------------------------------------------


def test_a_property_that_is_text_must_be_text() -> None:
    found = play(
        worker("""
        from pika import BasicProperties
        channel.basic_publish("", "orders", "one", BasicProperties(expiration=5000))
        """),
        published(),
        restarts=0,
    )
    assert (found.exit.error, found.exit.message) == (
        "AssertionError",
        "A non-string value was supplied for self.expiration",
    )


def test_a_header_that_cannot_be_sent_is_refused() -> None:
    found = play(
        worker("""
        from pika import BasicProperties
        channel.basic_publish("", "orders", "one", BasicProperties(headers={"when": {1, 2}}))
        """),
        published(),
        restarts=0,
    )
    assert found.exit.error == "CannotCross"


# --- direct replies ------------------------------------------------------------------------------


def test_an_answer_comes_to_the_channel_that_asked() -> None:
    said = says("""
        from pika import BasicProperties
        replies = "amq.rabbitmq.reply-to"
        answers = channel.consume(replies, auto_ack=True, inactivity_timeout=1)
        next(answers)
        asked = BasicProperties(reply_to=replies)
        channel.basic_publish("", "orders", "question", asked)
        _, found, _ = channel.basic_get("orders", auto_ack=True)
        print(found.reply_to.startswith(replies + "."))
        print(channel.queue_declare(found.reply_to, passive=True).method.consumer_count)
        channel.basic_publish("", found.reply_to, "answer")
        print(next(answers)[2])
    """)
    assert said == ["True", "1", "b'answer'"]


# --- what an effect did --------------------------------------------------------------------------


def test_what_changes_nothing_says_so() -> None:
    found = ran("""
        for _ in range(2):
            channel.queue_declare("work", durable=True)
            channel.exchange_declare("x", "topic")
            channel.queue_bind("work", "x", "#")
            channel.exchange_bind("x", "amq.topic", "#")
        for _ in range(2):
            channel.exchange_unbind("x", "amq.topic", "#")
            channel.queue_unbind("work", "x", "#")
            channel.exchange_delete("x")
            channel.queue_delete("work")
        channel.basic_qos(prefetch_count=1)
        channel.confirm_delivery()
        channel.basic_recover(requeue=True)
    """)
    answers = {event.number: event.did for event in found.trace.of(Answered)}
    did = [answers[event.number] for event in found.trace.of(Requested)][2:]
    assert did == (["changed"] * 4 + ["read"] * 4) * 2 + ["read"] * 3
