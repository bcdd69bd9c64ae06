"""Where messages go that a queue gives up, and what their headers say."""

import pika

from tests.fidelity.amqp_steps import count, failures, get, headers, queue, settled
from tests.fidelity.scenario import scenario


@scenario("amqp", "after its delivery limit a poison message goes to the dead-letter exchange")
def is_poison(channel, name, note):
    graves = name("graves")
    channel.exchange_declare(graves, "fanout", durable=True)
    orders = queue(channel, name("orders"), "quorum", delivery_limit=2, dead_letter_exchange=graves)
    dead = queue(channel, name("dead"))
    channel.queue_bind(dead, graves)
    channel.confirm_delivery()
    channel.basic_publish("", orders, "poison")
    for _ in range(3):
        method, properties, _ = get(channel, orders)
        note("received", redelivered=method.redelivered, failures=failures(properties))
        channel.basic_reject(method.delivery_tag, requeue=True)
    method, properties, body = get(channel, dead)
    note("dead", body=body, exchange=method.exchange, routing_key=method.routing_key,
         redelivered=method.redelivered, headers=headers(properties))  # fmt: skip
    note("left", count=count(channel, orders))


@scenario("amqp", "without another limit a quorum queue gives up after 20 failures")
def has_the_usual_limit(channel, name, note):
    orders = queue(channel, name("orders"), "quorum")
    channel.confirm_delivery()
    channel.basic_publish("", orders, "poison")
    for _ in range(21):
        method, properties, _ = get(channel, orders)
        channel.basic_reject(method.delivery_tag, requeue=True)
    note("last", failures=failures(properties), left=settled(channel, orders, 0))


@scenario("amqp", "a rejection is a failure in the next quorum queue, at least once or at most")
def is_rejected_into_a_quorum_queue(channel, name, note):
    dead = queue(channel, name("dead"), "quorum")
    to_dead = {"dead_letter_exchange": "", "dead_letter_routing_key": dead}
    unsafe = queue(channel, name("unsafe"), "quorum", **to_dead)
    safe = queue(channel, name("safe"), "quorum", dead_letter_strategy="at-least-once",
                 overflow="reject-publish", **to_dead)  # fmt: skip
    classic = queue(channel, name("classic"), **to_dead)
    channel.confirm_delivery()
    for orders in (unsafe, safe, classic):
        channel.basic_publish("", orders, "order")
        channel.basic_reject(get(channel, orders)[0].delivery_tag, requeue=False)
        method, properties, _ = get(channel, dead, auto_ack=True)
        note("dead", redelivered=method.redelivered, headers=headers(properties))
        note("left", count=settled(channel, orders, 0))


@scenario(
    "amqp",
    "failures before a rejection do not go on to the next quorum queue",
    differs="Quorum queues are those of RabbitMQ 4.3.",
)
def fails_in_two_quorum_queues(channel, name, note):
    second = queue(channel, name("second"), "quorum")
    first = queue(channel, name("first"), "quorum", dead_letter_exchange="",
                  dead_letter_routing_key=second)  # fmt: skip
    channel.confirm_delivery()
    channel.basic_publish("", first, "poison")
    for each, requeue in ((first, True), (first, False), (second, True), (second, True)):
        method, properties, _ = get(channel, each)
        note("received", queue=each, redelivered=method.redelivered, headers=headers(properties))
        channel.basic_reject(method.delivery_tag, requeue=requeue)


@scenario("amqp", "a dead letter's headers say why, whence and how often")
def is_given_up(channel, name, note):
    """Too many, rejected, nacked, expired: all into one box."""
    box = queue(channel, name("box"))
    orders = queue(channel, name("orders"), dead_letter_exchange="", dead_letter_routing_key=box,
                   max_length=2)  # fmt: skip
    channel.confirm_delivery()
    given = pika.BasicProperties(headers={"order": 7}, content_type="text/plain", message_id="m")
    for body in ("too many", "rejected", "nacked"):
        channel.basic_publish("", orders, body, given)
    channel.basic_reject(get(channel, orders)[0].delivery_tag, requeue=False)
    channel.basic_nack(get(channel, orders)[0].delivery_tag, requeue=False)
    channel.basic_publish("", orders, "expired", pika.BasicProperties(expiration="50"))
    for _ in range(4):
        method, properties, body = get(channel, box)
        note("dead", body=body, exchange=method.exchange, routing_key=method.routing_key,
             expiration=properties.expiration, content_type=properties.content_type,
             message_id=properties.message_id, headers=headers(properties))  # fmt: skip


@scenario("amqp", "a retry loop counts its rounds in x-death")
def goes_round(channel, name, note):
    """Rejected, and back after its time in a waiting queue, twice."""
    to_work, to_wait = name("to-work"), name("to-wait")
    work = queue(channel, name("work"), dead_letter_exchange=to_wait)
    wait = queue(channel, name("wait"), dead_letter_exchange=to_work, message_ttl=100)
    for exchange, each in ((to_work, work), (to_wait, wait)):
        channel.exchange_declare(exchange, "direct", durable=True)
        channel.queue_bind(each, exchange, "order")
    channel.confirm_delivery()
    channel.basic_publish(to_work, "order", "again")
    for _ in range(3):
        method, properties, _ = get(channel, work)
        note("received", redelivered=method.redelivered, exchange=method.exchange,
             headers=headers(properties))  # fmt: skip
        channel.basic_reject(method.delivery_tag, requeue=False)


@scenario("amqp", "what a client writes into x-death counts for nothing")
def writes_its_own_history(channel, name, note):
    box = queue(channel, name("box"))
    orders = queue(channel, name("orders"), dead_letter_exchange="", dead_letter_routing_key=box)
    channel.confirm_delivery()
    channel.basic_publish("", orders, "first")
    channel.basic_reject(get(channel, orders)[0].delivery_tag, requeue=False)
    _, properties, _ = get(channel, box)
    note("dead", headers=headers(properties))
    channel.basic_publish("", orders, "again", properties)
    method, properties, _ = get(channel, orders)
    note("received", headers=headers(properties))
    channel.basic_reject(method.delivery_tag, requeue=False)
    note("dead", headers=headers(get(channel, box)[1]))


@scenario("amqp", "a circle of dead letters ends, unless a client rejected")
def goes_in_a_circle(channel, name, note):
    """A queue that is its own dead letters', and two that are each other's."""
    alone, there, back = name("alone"), name("there"), name("back")
    queue(channel, alone, dead_letter_exchange="", message_ttl=100)
    for each, other in ((there, back), (back, there)):
        queue(channel, each, dead_letter_exchange="", dead_letter_routing_key=other,
              message_ttl=100)  # fmt: skip
    channel.confirm_delivery()
    for each in (alone, there):
        channel.basic_publish("", each, "round and round")
    channel.connection.sleep(1)
    note("left", counts=[count(channel, each) for each in (alone, there, back)])
    again = queue(channel, name("again"), dead_letter_exchange="")
    channel.basic_publish("", again, "rejected")
    for _ in range(3):
        method, properties, _ = get(channel, again)
        note("received", headers=headers(properties))
        channel.basic_reject(method.delivery_tag, requeue=False)


@scenario("amqp", "a short time to live waits behind a long one")
def expires_in_order(connection, name, note):
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        box = queue(channel, name(f"box-{kind}"))
        orders = queue(channel, name(f"orders-{kind}"), kind, dead_letter_exchange="",
                       dead_letter_routing_key=box)  # fmt: skip
        channel.confirm_delivery()
        for body, span in (("long", "1500"), ("short", "50"), ("for ever", None)):
            channel.basic_publish("", orders, body, pika.BasicProperties(expiration=span))
        connection.sleep(0.4)
        note("after 0.4 s", dead=count(channel, box))
        for _ in range(2):
            _, properties, body = get(channel, box)
            note("dead", body=body, expiration=properties.expiration, headers=headers(properties))
        note("left", body=get(channel, orders)[2])


@scenario("amqp", "of a queue's time to live and a message's the shorter one counts")
def expires_by_the_shorter_time(channel, name, note):
    box = queue(channel, name("box"))
    orders = queue(channel, name("orders"), dead_letter_exchange="", dead_letter_routing_key=box,
                   message_ttl=400)  # fmt: skip
    channel.confirm_delivery()
    for body, span in (("shorter", "100"), ("longer", "60000"), ("the queue's", None)):
        channel.basic_publish("", orders, body, pika.BasicProperties(expiration=span))
    for _ in range(3):
        _, properties, body = get(channel, box)
        note("dead", body=body, headers=headers(properties))
    note("left", count=count(channel, orders))


@scenario("amqp", "what is purged or goes with its queue is no dead letter")
def is_no_dead_letter(channel, name, note):
    box = queue(channel, name("box"))
    to_box = {"dead_letter_exchange": "", "dead_letter_routing_key": box}
    orders = queue(channel, name("orders"), **to_box)
    unused = queue(channel, name("unused"), expires=300, **to_box)
    channel.confirm_delivery()
    for each in (orders, orders, unused):
        channel.basic_publish("", each, "order")
    note("purged", count=channel.queue_purge(orders).method.message_count)
    channel.basic_publish("", orders, "more")
    note("deleted", count=channel.queue_delete(orders).method.message_count)
    channel.connection.sleep(1)
    note("gone already", count=channel.queue_delete(unused).method.message_count)
    note("dead", count=count(channel, box))
