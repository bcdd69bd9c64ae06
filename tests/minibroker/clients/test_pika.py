"""The `pika`-shaped client: every call of the subset, through a world of one queue."""

import inspect
from enum import Enum
from typing import Any

import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from minibroker.clients import NotInSubset
from minibroker.clients.pika import Channel, Connection
from minibroker.sim.clock import SECOND
from minibroker.sim.trace import Delivered, Published, Requested, Requeued, Settled
from tests.minibroker.tiny import Ran, play, published, worker


def says(body: str, *messages: str, **options: Any) -> list[str]:
    """The lines that a worker with this body prints, in a world with these messages waiting."""
    return ran(body, *messages, **options).said.splitlines()


def ran(body: str, *messages: str, takes: str = "channel, database", **options: Any) -> Ran:
    found = play(worker(body, takes), published(*messages), restarts=0, **options)
    assert found.exit.how in ("returned", "interrupted"), found.exit
    return found


def raised(body: str, *messages: str, takes: str = "channel, database") -> tuple[str, str]:
    """The exception that a worker with this body ends by."""
    found = play(worker(body, takes), published(*messages), restarts=0)
    assert found.exit.how == "raised", found.exit
    return found.exit.error, found.exit.message


# --- the same names, arguments and defaults as the real one ------------------------------------

PAIRS = [(Channel, BlockingChannel), (Connection, BlockingConnection)]
SUBSET = [
    pytest.param(ours, real, name, id=f"{real.__name__}.{name}")
    for ours, real in PAIRS
    for name in sorted(vars(ours))
    if not name.startswith("_") and callable(getattr(ours, name)) and name != "ask"
]


@pytest.mark.parametrize(("ours", "real", "name"), SUBSET)
def test_every_call_has_the_arguments_and_defaults_of_the_real_one(
    ours: type, real: type, name: str
) -> None:
    def parameters(owner: type) -> list[tuple[str, Any, Any]]:
        found = inspect.signature(getattr(owner, name)).parameters.values()
        return [
            (each.name, each.kind, getattr(each.default, "value", each.default))
            if isinstance(each.default, Enum)
            else (each.name, each.kind, each.default)
            for each in found
        ]

    assert parameters(ours) == parameters(real)


@pytest.mark.parametrize(("ours", "real"), PAIRS)
def test_every_property_is_one_of_the_real_ones(ours: type, real: type) -> None:
    properties = [name for name, value in vars(ours).items() if isinstance(value, property)]
    assert properties
    assert all(isinstance(vars(real)[name], property) for name in properties)


@pytest.mark.parametrize(("ours", "real"), PAIRS)
def test_the_docstring_names_every_call_of_the_subset(ours: type, real: type) -> None:
    text = inspect.getmodule(ours).__doc__
    for name in vars(ours):
        if not name.startswith("_") and name != "ask":
            assert f"`{name}" in text


def outside_of(real: type, client: object) -> list[str]:
    return [name for name in dir(real) if not name.startswith("_") and name not in dir(client)]


@pytest.mark.parametrize("kind", ["channel", "connection"])
def test_what_the_subset_leaves_out_is_refused_by_name(kind: str) -> None:
    class Nobody:
        now = 0

        def ask(self, client: str, op: str, **args: object) -> int:
            return 1

    connection = Connection(Nobody())  # type: ignore[arg-type]
    client, real = {
        "channel": (connection.channel(), BlockingChannel),
        "connection": (connection, BlockingConnection),
    }[kind]
    left_out = [name for name in outside_of(real, client) if name != "connection"]
    assert left_out
    for name in left_out:
        with pytest.raises(NotInSubset, match=rf"^pika\.{real.__name__}\.{name} is not simulated"):
            getattr(client, name)


@pytest.mark.parametrize("name", ["basic_akc", "__iter__", "_impl"])
@pytest.mark.parametrize("client", ["channel", "channel.connection"])
def test_what_pika_does_not_have_either_is_missing(client: str, name: str) -> None:
    assert says(f"print(hasattr({client}, {name!r}))") == ["False"]


@pytest.mark.parametrize(
    "call",
    [
        "channel.queue_declare('q', arguments={'x-queue-type': 'stream'})",
        "channel.queue_declare('q', arguments={'x-delayed-retry-min': 1})",
        "channel.basic_recover()",
        "channel.basic_qos(prefetch_size=1)",
        "channel.basic_qos(prefetch_count=1, global_qos=True)",
        "channel.connection.channel(7)",
    ],
)
def test_an_argument_that_is_left_out_is_refused_and_nothing_is_sent(call: str) -> None:
    found = play(worker(call), published(), restarts=0)
    assert found.exit.error == "NotInSubset"
    assert [event.op for event in found.trace.of(Requested)] == ["connect", "channel_open"]


# --- topology ----------------------------------------------------------------------------------


def test_queue_declare_tells_the_name_and_the_counts() -> None:
    said = says(
        """
        declared = channel.queue_declare("orders", durable=True)
        print(type(declared).__name__, type(declared.method).__name__)
        print(declared.method.queue, declared.method.message_count, declared.method.consumer_count)
        channel.queue_declare("empty")
        channel.basic_consume("empty", print)
        print(channel.queue_declare("empty", passive=True).method.consumer_count)
        """,
        "one",
        "two",
    )
    assert said == ["Method DeclareOk", "orders 2 0", "1"]


def test_queue_declare_without_a_name_gives_one() -> None:
    said = says("""
        queue = channel.queue_declare("").method.queue
        channel.basic_publish("", queue, b"hello")
        print(queue.startswith("amq.gen-"), channel.basic_get(queue)[2])
    """)
    assert said == ["True b'hello'"]


def test_queue_purge_tells_how_many_were_dropped() -> None:
    assert says("print(channel.queue_purge('orders').method.message_count)", "1", "2") == ["2"]


def test_a_message_goes_through_an_exchange_to_a_bound_queue() -> None:
    said = says("""
        from pika.exchange_type import ExchangeType
        channel.exchange_declare("shop", ExchangeType.direct, durable=True)
        channel.exchange_declare("shop", passive=True)
        channel.queue_bind("orders", "shop")
        channel.queue_bind("orders", "shop", routing_key="paid")
        for key in ("orders", "paid", "sent"):
            channel.basic_publish("shop", key, key)
        for _ in range(3):
            method, _, body = channel.basic_get("orders")
            print(method and (method.exchange, method.routing_key), body)
    """)
    assert said == ["('shop', 'orders') b'orders'", "('shop', 'paid') b'paid'", "None None"]


# --- publishing --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["b'\\xc3\\xa4'", "'ä'"])
def test_a_body_of_text_is_sent_as_utf_8(body: str) -> None:
    found = ran(f"channel.basic_publish('', 'orders', {body})")
    assert [event.body for event in found.trace.of(Published)] == ["ä".encode()]


@pytest.mark.parametrize(
    "headers", [{"wait": 1.5}, {"a": {"wait": 1.5}}, {"a": [0, [{"wait": 0.0}]]}]
)
def test_a_float_in_headers_is_refused_as_pika_refuses_it(headers: dict[str, Any]) -> None:
    from pika import BasicProperties
    from pika.data import encode_table
    from pika.exceptions import UnsupportedAMQPFieldException

    from minibroker.clients.pika_values import sent

    for send in (lambda: encode_table([], headers), lambda: sent(BasicProperties(headers=headers))):
        with pytest.raises(UnsupportedAMQPFieldException) as refused:
            send()
        assert refused.value.args[1] in (1.5, 0.0)
    found = ran(f"""
        import pika
        try:
            channel.basic_publish("", "orders", "", pika.BasicProperties(headers={headers}))
        except pika.exceptions.UnsupportedAMQPFieldException:
            channel.basic_publish("", "orders", "the channel is as it was")
    """)
    assert [event.body for event in found.trace.of(Published)] == [b"the channel is as it was"]


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_a_header_that_routes_copies_is_refused_by_name(header: str) -> None:
    found = ran(f"""
        import pika
        try:
            headers = {{"{header}": ["x"]}}
            channel.basic_publish("", "orders", "", pika.BasicProperties(headers=headers))
        except NotImplementedError as error:
            print(error)
    """)
    assert found.said == (
        f"the header {header}, which routes copies, is not simulated here; publish once for each "
        "routing key\n"
    )
    assert found.trace.of(Published) == []


def test_numbers_that_are_no_floats_are_sent_in_headers() -> None:
    from pika import BasicProperties

    from minibroker.clients.pika_values import sent

    headers = {"attempts": 3, "yes": True, "none": None, "in": [{"a": 2**40}], "text": "1.5"}
    assert sent(BasicProperties(headers=headers)) == {"headers": headers}


def test_properties_arrive_as_they_were_sent() -> None:
    said = says("""
        import pika
        sent = pika.BasicProperties(
            content_type="application/json", headers={"retries": 1}, message_id="m-1",
            delivery_mode=pika.DeliveryMode.Persistent, priority=3, timestamp=1_700_000_000,
        )
        channel.basic_publish("", "orders", "{}", sent)
        channel.basic_publish("", "orders", "{}")
        print(channel.basic_get("orders")[1] == sent)
        print(channel.basic_get("orders")[1] == pika.BasicProperties())
    """)
    assert said == ["True", "True"]


@pytest.mark.parametrize(
    "call",
    [
        "channel.basic_publish('', 'orders', 42)",
        "channel.basic_publish('', 'orders', {'id': 1})",
        "channel.basic_publish('', 'orders', b'', properties={'message_id': 'x'})",
        "channel.basic_publish('', 7, b'')",
        "channel.basic_publish(None, 'orders', b'')",
        "channel.basic_get(7)",
        "channel.basic_get('x' * 256)",
        "channel.basic_consume(None, print)",
        "channel.basic_consume('orders', 'print')",
        "next(channel.consume(7))",
        "channel.basic_ack('1')",
        "channel.basic_ack(None)",
        "channel.basic_nack(1, requeue='yes')",
        "channel.basic_qos(prefetch_count='1')",
        "channel.basic_qos(prefetch_count=70_000)",
        "channel.queue_declare(None)",
        "channel.connection.process_data_events('soon')",
    ],
)
def test_an_argument_of_a_wrong_type_is_a_type_error_and_closes_nothing(call: str) -> None:
    said = says(f"""
        try:
            {call}
        except TypeError as error:
            print("refused")
        print(channel.is_open, channel.queue_declare("orders", passive=True).method.message_count)
    """)
    assert said == ["refused", "True 0"]


# --- taking ------------------------------------------------------------------------------------


def test_basic_get_takes_one() -> None:
    said = says(
        """
        method, properties, body = channel.basic_get("orders")
        print(type(method).__name__, method.delivery_tag, method.redelivered, method.message_count)
        print(repr(method.exchange), method.routing_key, type(properties).__name__, body)
        """,
        "one",
        "two",
    )
    assert said == ["GetOk 1 False 1", "'' orders BasicProperties b'one'"]


def test_basic_get_gives_three_none_when_there_is_nothing() -> None:
    assert says("print(channel.basic_get('orders'))") == ["(None, None, None)"]


def test_basic_get_with_auto_ack_settles_at_once() -> None:
    found = ran("channel.basic_get('orders', auto_ack=True)", "one")
    assert [event.how for event in found.trace.of(Settled)] == ["auto-acked"]


def test_callbacks_are_given_channel_method_properties_and_body() -> None:
    said = says(
        """
        def on_message(ch, method, properties, body):
            print(ch is channel, type(method).__name__, method.consumer_tag == tag, body)
            ch.basic_ack(method.delivery_tag)

        tag = channel.basic_consume("orders", on_message)
        channel.start_consuming()
        """,
        "one",
        "two",
    )
    assert said == ["True Deliver True b'one'", "True Deliver True b'two'"]


def test_a_consumer_may_have_a_tag_of_its_own() -> None:
    said = says(
        """
        print(channel.basic_consume("orders", lambda *given: print(given[1]), consumer_tag="mine"))
        channel.connection.process_data_events()
        """,
        "one",
    )
    assert said[0] == "mine"
    assert "consumer_tag=mine" in said[1].replace("'", "")


def test_a_consumer_tag_can_be_used_once() -> None:
    for second in ("channel.basic_consume('orders', print, consumer_tag='mine')",
                   "next(channel.consume('orders', consumer_tag='mine'))"):  # fmt: skip
        said = says(
            f"""
            from pika import exceptions
            got = []
            on_message = lambda *given: got.append(given[3])
            channel.basic_consume("orders", on_message, consumer_tag="mine")
            try:
                {second}
            except exceptions.DuplicateConsumerTag as error:
                print(error.args)
            channel.connection.process_data_events()
            print(got)
            """,
            "one",
        )
        assert said == ["('mine',)", "[b'one']"]


def test_start_consuming_ends_when_the_last_consumer_is_cancelled() -> None:
    said = says(
        """
        def on_message(ch, method, properties, body):
            print(body)
            ch.basic_ack(method.delivery_tag)
            ch.stop_consuming()

        channel.basic_qos(prefetch_count=1)
        channel.basic_consume("orders", on_message)
        channel.basic_consume("orders", on_message)
        channel.start_consuming()
        print("over")
        """,
        "one",
        "two",
        "three",
    )
    assert said == ["b'one'", "over"]


def test_start_consuming_without_a_consumer_ends_at_once() -> None:
    assert says("channel.start_consuming()\nprint('over')") == ["over"]


def test_stop_consuming_ends_one_consumer_by_its_tag() -> None:
    said = says(
        """
        first = channel.basic_consume("orders", lambda *given: print("first"))
        second = channel.basic_consume("orders", lambda *given: print("second"))
        channel.stop_consuming(first)
        channel.basic_publish("", "orders", b"")
        channel.connection.process_data_events()
        """,
    )
    assert said == ["second"]


def test_a_cancelled_consumer_gives_back_what_its_callback_has_not_seen() -> None:
    found = ran(
        """
        tag = channel.basic_consume("orders", lambda *given: print(given[3]))
        channel.connection.process_data_events()
        print(channel.basic_cancel(tag))
        print(channel.queue_declare("orders", passive=True).method.message_count)
        print(channel.basic_get("orders")[0].redelivered)
        """,
        "one",
        "two",
        "three",
    )
    assert found.said.splitlines() == ["b'one'", "[]", "2", "True"]
    assert [event.message for event in found.trace.of(Requeued)][:2] == [2, 3]


def test_a_cancelled_consumer_hands_over_what_was_acked_when_it_was_sent() -> None:
    said = says(
        """
        tag = channel.basic_consume("orders", lambda *given: print(given[3]), auto_ack=True)
        channel.connection.process_data_events()
        for method, properties, body in channel.basic_cancel(tag):
            print(method.delivery_tag, type(properties).__name__, body)
        """,
        "one",
        "two",
        "three",
    )
    assert said == ["b'one'", "2 BasicProperties b'two'", "3 BasicProperties b'three'"]


def test_cancelling_a_tag_that_nobody_has_does_nothing() -> None:
    assert says("print(channel.basic_cancel('none'), channel.cancel())") == ["[] 0"]


def test_consume_yields_each_message() -> None:
    said = says(
        """
        for method, properties, body in channel.consume("orders"):
            print(type(method).__name__, method.delivery_tag, type(properties).__name__, body)
        """,
        "one",
        "two",
    )
    assert said == ["Deliver 1 BasicProperties b'one'", "Deliver 2 BasicProperties b'two'"]


def test_consume_yields_three_none_after_each_quiet_time() -> None:
    said = says(
        """
        for method, properties, body in channel.consume("orders", inactivity_timeout=2):
            print(method and method.delivery_tag, body, int(time.monotonic()))
            if time.monotonic() > 5:
                break
        """,
        "one",
    )
    assert said == ["1 b'one' 0", "None None 2", "None None 4", "None None 6"]


def test_consume_may_wait_for_no_time_at_all() -> None:
    said = says(
        """
        for found in channel.consume("orders", inactivity_timeout=0):
            print(found[2], int(time.monotonic()))
            if found[0] is None:
                break
        """,
        "one",
    )
    assert said == ["b'one' 0", "None 0"]


def test_consume_goes_on_where_it_was_left() -> None:
    said = says(
        """
        for _ in range(2):
            for method, properties, body in channel.consume("orders"):
                print(method.consumer_tag, body)
                break
        """,
        "one",
        "two",
    )
    assert [line.split()[1] for line in said] == ["b'one'", "b'two'"]
    assert len({line.split()[0] for line in said}) == 1


def test_consume_with_other_arguments_has_to_be_cancelled_first() -> None:
    body = "next(channel.consume('orders'))\nnext(channel.consume('orders', auto_ack=True))"
    assert raised(body, "one")[0] == "ValueError"
    body = body.replace("\n", "\nchannel.cancel()\n")
    assert ran(body, "one").exit.how in ("returned", "interrupted")


def test_a_consume_that_was_refused_can_be_tried_again() -> None:
    said = says(
        """
        try:
            next(channel.consume(7))
        except TypeError:
            print(next(channel.consume("orders"))[2])
        """,
        "one",
    )
    assert said == ["b'one'"]


def test_cancel_ends_consume_and_gives_back_what_it_has_not_yielded() -> None:
    found = ran(
        """
        for method, properties, body in channel.consume("orders"):
            channel.basic_ack(method.delivery_tag)
            print(body, channel.cancel())
        print(channel.queue_declare("orders", passive=True).method.message_count)
        """,
        "one",
        "two",
        "three",
    )
    assert found.said.splitlines() == ["b'one' 0", "2"]


def test_cancel_gives_back_what_was_read_for_it_while_sleeping() -> None:
    found = ran(
        """
        for method, properties, body in channel.consume("orders"):
            channel.connection.sleep(5)
            print(channel.cancel())
        print(channel.queue_declare("orders", passive=True).method.message_count)
        """,
        "one",
        "two",
    )
    assert found.said.splitlines() == ["0", "1"]


@pytest.mark.parametrize(
    "end", ["channel.stop_consuming()", "channel.basic_cancel(method.consumer_tag)"]
)
def test_consume_can_be_ended_by_other_names(end: str) -> None:
    said = says(
        f"""
        for method, properties, body in channel.consume("orders"):
            print(body)
            {end}
        print(channel.queue_declare("orders", passive=True).method.consumer_count)
        """,
        "one",
        "two",
    )
    assert said == ["b'one'", "0"]


def test_callbacks_and_consume_get_each_their_own() -> None:
    said = says(
        """
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume("orders", lambda *given: print("callback", given[3]))
        for method, properties, body in channel.consume("orders"):
            print("consume", body)
        """,
        "one",
        "two",
    )
    assert said == ["callback b'one'", "consume b'two'"]


# --- settling ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "settled", "requeued"),
    [
        ("basic_ack(2)", ["acked"], []),
        ("basic_ack(2, multiple=True)", ["acked", "acked"], []),
        ("basic_ack(multiple=True)", ["acked", "acked", "acked"], []),
        ("basic_nack(2)", [], [2]),
        ("basic_nack(2, multiple=True)", [], [1, 2]),
        ("basic_nack(2, requeue=False)", ["dropped"], []),
        ("basic_nack(0, multiple=True, requeue=False)", ["dropped"] * 3, []),
        ("basic_reject(3)", [], [3]),
        ("basic_reject(3, requeue=False)", ["dropped"], []),
    ],
)
def test_a_delivery_is_settled(call: str, settled: list[str], requeued: list[int]) -> None:
    found = ran(
        f"""
        for _ in range(3):
            channel.basic_get("orders")
        channel.{call}
        """,
        "one",
        "two",
        "three",
    )
    assert [event.how for event in found.trace.of(Settled)] == settled
    back = [e.message for e in found.trace.of(Requeued) if e.why in ("nacked", "rejected")]
    assert back == requeued


def test_qos_bounds_what_is_handed_out() -> None:
    found = ran(
        """
        channel.basic_qos(prefetch_count=2)
        channel.basic_consume("orders", print)
        time.sleep(1)
        """,
        "one",
        "two",
        "three",
    )
    assert [event.message for event in found.trace.of(Delivered)] == [1, 2]


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        ("basic_ack(9)", 406, "PRECONDITION_FAILED - unknown delivery tag 9"),
        ("basic_reject(9)", 406, "PRECONDITION_FAILED - unknown delivery tag 9"),
        ("basic_get('none')", 404, "NOT_FOUND - no queue 'none' in vhost '/'"),
        ("basic_consume('none', print)", 404, "NOT_FOUND - no queue 'none' in vhost '/'"),
        ("consume('none').__next__()", 404, "NOT_FOUND - no queue 'none' in vhost '/'"),
        ("queue_declare('none', passive=True)", 404, "NOT_FOUND - no queue 'none' in vhost '/'"),
        ("basic_publish('none', '', b'')", 404, "NOT_FOUND - no exchange 'none' in vhost '/'"),
        (
            "queue_declare('orders')",
            406,
            "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'orders' in vhost '/': "
            "received 'false' but current is 'true'",
        ),
        (
            "queue_bind('orders', '', 'k')",
            403,
            "ACCESS_REFUSED - operation not permitted on the default exchange",
        ),
    ],
)
def test_an_error_of_the_channel_closes_it_and_not_the_connection(
    call: str, code: int, text: str
) -> None:
    said = says(f"""
        from pika import exceptions
        try:
            channel.{call}
        except exceptions.ChannelClosedByBroker as error:
            print(error.reply_code, error.reply_text)
        print(channel.is_open, channel.is_closed, channel.connection.is_open)
        try:
            channel.basic_get("orders")
        except exceptions.ChannelWrongStateError as error:
            print(error)
        print(channel.connection.channel().basic_get("orders"))
    """)
    assert said == [
        f"{code} {text}",
        "False True True",
        "Channel is closed.",
        "(None, None, None)",
    ]


def test_a_closed_channel_gives_back_what_it_held() -> None:
    found = ran(
        """
        from pika import exceptions
        channel.basic_get("orders")
        try:
            channel.basic_ack(9)
        except exceptions.ChannelClosed:
            pass
        print(channel.connection.channel().basic_get("orders")[0].redelivered)
        """,
        "one",
    )
    assert found.said == "True\n"
    assert [event.why for event in found.trace.of(Requeued)][:1] == ["channel closed"]


def test_after_an_error_of_the_channel_consume_ends_and_start_consuming_is_refused() -> None:
    said = says(
        """
        from pika import exceptions
        for method, properties, body in channel.consume("orders"):
            try:
                channel.basic_ack(9)
            except exceptions.ChannelClosedByBroker:
                print("closed")
        try:
            channel.start_consuming()
        except exceptions.ChannelWrongStateError:
            print("refused")
        """,
        "one",
        "two",
    )
    assert said == ["closed", "refused"]


def test_a_callback_that_was_refused_is_waited_for_by_nobody() -> None:
    said = says("""
        try:
            channel.basic_consume(7, print)
        except TypeError:
            channel.start_consuming()
            print("over")
    """)
    assert said == ["over"]


def test_a_callback_on_a_refused_queue_is_no_consumer() -> None:
    said = says("""
        from pika import exceptions
        try:
            channel.basic_consume("none", print)
        except exceptions.ChannelClosedByBroker:
            print("closed")
        try:
            channel.basic_consume(7, print)
        except exceptions.ChannelWrongStateError:
            print("refused")
    """)
    assert said == ["closed", "refused"]


# --- connections and channels ------------------------------------------------------------------


def test_a_role_may_take_the_connection_itself() -> None:
    said = says(
        """
        with connection:
            with connection.channel() as channel:
                print(channel.channel_number, channel.connection is connection)
                print(connection.channel().channel_number)
            print(channel.is_open, connection.is_open)
        print(connection.is_open, connection.is_closed)
        """,
        takes="connection",
    )
    assert said == ["1 True", "2", "False True", "False True"]


def test_closing_a_channel_gives_back_what_it_held_and_keeps_the_connection() -> None:
    said = says(
        """
        channel.basic_get("orders")
        channel.close()
        print(channel.is_open, channel.connection.is_open)
        print(channel.connection.channel().basic_get("orders")[0].redelivered)
        """,
        "one",
    )
    assert said == ["False True", "True"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("channel.close()", "ChannelWrongStateError"),
        ("channel.basic_get('orders')", "ChannelWrongStateError"),
        ("next(channel.consume('orders'))", "ChannelWrongStateError"),
        ("channel.start_consuming()", "ChannelWrongStateError"),
        ("channel.connection.close()", "ConnectionWrongStateError"),
        ("channel.connection.channel()", "ConnectionWrongStateError"),
        ("channel.connection.process_data_events()", "ConnectionWrongStateError"),
    ],
)
def test_nothing_can_be_asked_of_a_closed_connection(call: str, error: str) -> None:
    assert raised(f"channel.connection.close()\n{call}")[0] == error


def test_closing_the_connection_gives_back_everything() -> None:
    found = ran(
        """
        other = channel.connection.channel()
        channel.basic_get("orders")
        other.basic_consume("orders", print)
        channel.connection.close()
        print(channel.is_open, other.is_open)
        """,
        "one",
        "two",
    )
    assert found.said == "False False\n"
    assert [(event.message, event.attempt) for event in found.trace.of(Delivered)] == [
        (1, 1),
        (2, 1),
    ]
    assert len(found.trace.of(Requeued)) == 2


def test_consume_ends_when_its_connection_is_closed() -> None:
    said = says(
        """
        for method, properties, body in channel.consume("orders"):
            channel.connection.close()
        print("over")
        """,
        "one",
        "two",
    )
    assert said == ["over"]


def test_a_crash_gives_back_what_two_connections_held_to_nobody_of_the_dead() -> None:
    source = """
        def worker(channel, connection):
            other = connection.channel()
            if channel.basic_get("orders")[0].redelivered:
                return
            other.basic_consume("orders", print)
    """
    number = len(play(source, published("one", "two")).trace.of(Requested))
    found = play(source, published("one", "two"), plan=f"crash:{number}")
    assert [(event.who, event.message) for event in found.trace.of(Delivered)] == [
        ("worker#1", 1),
        ("worker#1", 2),
        ("worker#2", 1),
    ]


def test_two_channels_of_a_connection_get_each_their_own() -> None:
    said = says(
        """
        other = channel.connection.channel()
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume("orders", lambda *given: print("first", given[3]))
        other.basic_consume("orders", lambda *given: print("second", given[3]))
        for _ in range(3):
            channel.connection.process_data_events(1)
        """,
        "one",
        "two",
        "three",
    )
    assert said == ["first b'one'", "second b'two'", "second b'three'"]


def test_what_was_pushed_to_a_closed_channel_wakes_nobody() -> None:
    said = says(
        """
        other = channel.connection.channel()
        other.basic_consume("orders", print, auto_ack=True)
        other.close()
        channel.connection.process_data_events(time_limit=5)
        print(int(time.monotonic()))
        """,
        "one",
    )
    assert said == ["5"]


def test_process_data_events_waits_as_long_as_it_is_told() -> None:
    said = says(
        """
        channel.basic_consume("orders", print)
        channel.connection.process_data_events()
        print(int(time.monotonic()))
        channel.connection.process_data_events(time_limit=5)
        print(int(time.monotonic()))
        """
    )
    assert said == ["0", "5"]


def test_sleep_hands_out_deliveries_meanwhile() -> None:
    def scenario(stage: Any) -> None:
        published("one", at=2)(stage)
        published("two", at=4)(stage)

    body = """
        channel.basic_consume("orders", lambda *given: print(given[3], int(time.monotonic())))
        channel.connection.sleep(10)
        print(int(time.monotonic()))
    """
    assert play(worker(body), scenario).said.splitlines() == ["b'one' 2", "b'two' 4", "10"]


def test_a_sleep_of_no_time_hands_out_what_is_there() -> None:
    body = "channel.basic_consume('orders', print)\nchannel.connection.sleep(0)\nprint('over')"
    assert len(says(body, "one")) == 2


def test_a_negative_sleep_is_refused() -> None:
    assert raised("channel.connection.sleep(-1)")[0] == "AssertionError"


def test_inside_a_callback_nothing_is_handed_out() -> None:
    said = says(
        """
        def on_message(ch, method, properties, body):
            print("begins", body, int(time.monotonic()))
            ch.connection.sleep(3)
            ch.connection.process_data_events(time_limit=2)
            print("ends", body, int(time.monotonic()))

        channel.basic_consume("orders", on_message)
        channel.start_consuming()
        """,
        "one",
        "two",
    )
    assert said == [
        "begins b'one' 0",
        "ends b'one' 5",
        "begins b'two' 5",
        "ends b'two' 10",
    ]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("ch.start_consuming()", "ReentrancyError"),
        ("ch.connection.process_data_events(None)", "NotInSubset"),
    ],
)
def test_waiting_for_ever_inside_a_callback_is_refused(call: str, error: str) -> None:
    body = f"""
        def on_message(ch, method, properties, body):
            {call}

        channel.basic_consume("orders", on_message)
        channel.start_consuming()
    """
    assert raised(body, "one")[0] == error


def test_a_callback_that_raises_leaves_the_next_one_in_order() -> None:
    said = says(
        """
        def on_message(ch, method, properties, body):
            raise ValueError(body)

        channel.basic_consume("orders", on_message)
        for _ in range(2):
            try:
                channel.start_consuming()
            except ValueError as error:
                print(error)
        """,
        "one",
        "two",
    )
    assert said == ["b'one'", "b'two'"]


def test_a_delivery_that_waits_is_lost_with_its_process_and_comes_to_the_next() -> None:
    source = worker("""
        for method, properties, body in channel.consume("orders"):
            print(body, method.redelivered)
            channel.basic_ack(method.delivery_tag)
    """)
    found = play(source, published("one", "two"), plan="crash:4")
    assert found.said.splitlines() == ["b'one' True", "b'two' True"]
    assert found.trace.of(Delivered)[2].at > SECOND
