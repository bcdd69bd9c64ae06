"""Who gets what: prefetch, turns, priorities, exclusive and single active consumers."""

from tests.fidelity.amqp_steps import count, get, queue, refusal, settled
from tests.fidelity.scenario import after, scenario


def filled(channel, orders, *messages):
    """Publish messages to a queue, confirmed."""
    channel.confirm_delivery()
    for body in messages:
        channel.basic_publish("", orders, body)


class Consumers:
    """Consumers of a queue that say what comes to them, and can be waited for."""

    def __init__(self, note):
        self.note = note
        self.got = []

    def start(self, channel, orders, who, **options):
        def came(_, method, properties, body):
            self.got.append((who, method))
            self.note("received", who=who, body=body, redelivered=method.redelivered,
                      tag=method.delivery_tag)  # fmt: skip

        return channel.basic_consume(orders, came, **options)

    def wait(self, connection, wanted):
        """Until so many have come; then see that no more do."""
        for _ in range(500):
            if len(self.got) >= wanted:
                break
            connection.process_data_events(0.02)
        connection.sleep(0.3)


@scenario("amqp", "consumers take turns, each up to its own prefetch")
def takes_turns(connection, name, note):
    channel = connection.channel()
    orders = queue(channel, name("orders"))
    consumers = Consumers(note)
    channel.basic_qos(prefetch_count=2)
    consumers.start(channel, orders, "two at once")
    channel.basic_qos(prefetch_count=1)
    consumers.start(channel, orders, "one at a time")
    filled(connection.channel(), orders, "1", "2", "3", "4", "5")
    consumers.wait(connection, 3)
    note("left", count=count(channel, orders))
    for wanted, tag in ((4, 2), (5, 1)):
        note("acked", tag=tag)
        channel.basic_ack(tag)
        consumers.wait(connection, wanted)
    note("left", count=count(channel, orders))


@scenario("amqp", "basic.get is not bounded by a prefetch")
def gets_beside_a_prefetch(channel, name, note):
    orders = queue(channel, name("orders"))
    filled(channel, orders, "1", "2", "3")
    channel.basic_qos(prefetch_count=1)
    for _ in range(3):
        method, _, body = get(channel, orders)
        note("received", body=body, tag=method.delivery_tag, left=method.message_count)
    note("empty", found=list(channel.basic_get(orders)))


@scenario("amqp", "a single active consumer has all, and the next one takes over")
def takes_over(connection, name, note):
    for kind in ("classic", "quorum"):
        first, second = connection.channel(), connection.channel()
        orders = queue(first, name(f"orders-{kind}"), kind, single_active_consumer=True)
        consumers = Consumers(note)
        consumers.start(first, orders, f"first of {kind}")
        consumers.start(second, orders, f"second of {kind}")
        filled(connection.channel(), orders, "1", "2", "3")
        consumers.wait(connection, 3)
        first.basic_ack(1)
        first.close()
        consumers.wait(connection, 5)
        second.close()


@scenario("amqp", "a consumer of a higher priority has all until its prefetch is full")
def comes_first(connection, name, note):
    channel = connection.channel()
    channel.basic_qos(prefetch_count=2)
    orders = queue(channel, name("orders"))
    consumers = Consumers(note)
    consumers.start(channel, orders, "low", arguments={"x-priority": -1})
    consumers.start(channel, orders, "usual")
    consumers.start(channel, orders, "high", arguments={"x-priority": 5})
    filled(connection.channel(), orders, "1", "2", "3", "4", "5", "6")
    consumers.wait(connection, 6)


@scenario("amqp", "what was pushed without acks dies with its consumer", ends="killed")
def takes_without_acks(connection, name, note):
    channel = connection.channel()
    orders = queue(channel, name("orders"))
    filled(channel, orders, "1", "2", "3")
    channel.basic_qos(prefetch_count=1)
    method, _, body = next(channel.consume(orders, auto_ack=True))
    note("received", body=body, redelivered=method.redelivered)
    note("left", count=settled(channel, orders, 0))


@after(takes_without_acks)
def finds_none(channel, name, note):
    channel.connection.sleep(0.3)
    note("left", count=count(channel, name("orders")))


@scenario("amqp", "what a cancelled consumer holds stays with its channel")
def is_cancelled(connection, name, note):
    channel = connection.channel()
    orders = queue(channel, name("orders"))
    filled(channel, orders, "1", "2", "3")
    channel.basic_qos(prefetch_count=2)
    consumers = Consumers(note)
    tag = consumers.start(channel, orders, "consumer")
    consumers.wait(connection, 2)
    note("cancelled", unseen=channel.basic_cancel(tag))
    note("left", count=count(channel, orders))
    channel.basic_ack(1)
    channel.close()
    other = connection.channel()
    note("left", count=settled(other, orders, 2))
    for _ in range(2):
        method, _, body = get(other, orders)
        note("received", body=body, redelivered=method.redelivered)


@scenario("amqp", "a consumer hears that its queue is deleted")
def loses_its_queue(connection, connection2, name, note):
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        orders = queue(channel, name(f"orders-{kind}"), kind)
        cancelled = []

        def gone(frame, cancelled=cancelled):
            cancelled.append(frame.method.consumer_tag)
            note("cancelled", tag=frame.method.consumer_tag)

        channel.add_on_cancel_callback(gone)
        channel.basic_consume(orders, print, consumer_tag=f"consumer of {kind}")
        deleted = connection2.channel().queue_delete(orders)
        note("deleted", count=deleted.method.message_count)
        for _ in range(500):
            if cancelled:
                break
            connection.process_data_events(0.02)
        note("open", channel=channel.is_open, tags=channel.consumer_tags)


@scenario("amqp", "what is exclusive is for one connection, and goes with it")
def is_exclusive(connection, connection2, name, note):
    channel = connection.channel()
    mine = name("mine")
    channel.queue_declare(mine, exclusive=True)
    for call in (
        lambda other: other.queue_declare(mine, exclusive=True),
        lambda other: other.queue_declare(mine, passive=True),
        lambda other: other.basic_get(mine),
        lambda other: other.basic_consume(mine, print),
        lambda other: other.queue_bind(mine, "amq.direct", "key"),
        lambda other: other.queue_purge(mine),
        lambda other: other.queue_delete(mine),
    ):
        other = connection2.channel()
        note("refused", **refusal(lambda call=call, other=other: call(other)))
    other = connection2.channel()
    filled(other, mine, "anybody may publish to it")
    note("received", body=get(channel, mine)[2])
    connection.close()
    connection2.sleep(0.5)
    note("refused", **refusal(lambda: other.queue_declare(mine, passive=True)))


@scenario("amqp", "an exclusive consumer is alone on a classic queue")
def is_alone(connection, name, note):
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        orders = queue(channel, name(f"orders-{kind}"), kind)
        channel.basic_consume(orders, print, exclusive=True)
        for exclusive in (False, True):
            other = connection.channel()
            said = refusal(
                lambda other=other, exclusive=exclusive, orders=orders: other.basic_consume(
                    orders, print, exclusive=exclusive
                )
            )
            note("second", type=kind, exclusive=exclusive, **said)
            if other.is_open:
                other.close()
        note("got", body=refusal(lambda orders=orders: connection.channel().basic_get(orders)))
        channel.close()
        late = connection.channel()
        late.basic_consume(orders, print)
        note("late", **refusal(lambda late=late, orders=orders: late.basic_consume(
            orders, print, exclusive=True)))  # fmt: skip
