"""Answers to requests: direct replies, and what a queue of one's own is called."""

import pika

from tests.fidelity.amqp_steps import get, queue, refusal
from tests.fidelity.history import alias
from tests.fidelity.scenario import scenario

REPLIES = "amq.rabbitmq.reply-to"


@scenario("amqp", "a direct reply comes to the channel that asked, and to nobody else")
def asks(connection, connection2, name, note):
    client, server = connection.channel(), connection2.channel()
    requests = queue(server, name("requests"))
    answers = []

    def came(_, method, properties, body):
        answers.append(body)
        note("answered", body=body, redelivered=method.redelivered, exchange=method.exchange,
             correlation_id=properties.correlation_id,
             to=alias("name", method.routing_key))  # fmt: skip

    client.basic_consume(REPLIES, came, auto_ack=True)
    asked = pika.BasicProperties(reply_to=REPLIES, correlation_id="q-1")
    client.basic_publish("", requests, "question", asked)
    _, properties, body = get(server, requests)
    note("asked", body=body, to=alias("name", properties.reply_to),
         begins=properties.reply_to.startswith(f"{REPLIES}."))  # fmt: skip
    looked = server.queue_declare(properties.reply_to, passive=True).method
    note("there", messages=looked.message_count, consumers=looked.consumer_count)
    note("refused", **refusal(lambda: connection2.channel().basic_get(REPLIES)))
    answer = pika.BasicProperties(correlation_id=properties.correlation_id)
    for number in range(2):
        server.basic_publish("", properties.reply_to, f"answer {number}", answer, mandatory=True)
    for _ in range(500):
        if len(answers) == 2:
            break
        connection.process_data_events(0.02)
    client.close()
    server.confirm_delivery()
    late = refusal(
        lambda: server.basic_publish("", properties.reply_to, "late", answer, mandatory=True)
    )
    note("too late", error=late["error"])


@scenario("amqp", "direct replies are subscribed to once, before asking, and without acks")
def asks_wrongly(connection, name, note):
    requests = queue(connection.channel(), name("requests"))
    asked = pika.BasicProperties(reply_to=REPLIES)

    def before(channel):
        channel.basic_publish("", requests, "question", asked)
        channel.queue_declare(requests, passive=True)

    def twice(channel):
        for _ in range(2):
            channel.basic_consume(REPLIES, print, auto_ack=True)

    def again(channel):
        channel.basic_cancel(channel.basic_consume(REPLIES, print, auto_ack=True))
        channel.basic_consume(REPLIES, print, auto_ack=True)
        before(channel)

    for doing, mistake in {
        "before subscribing": before,
        "with acks": lambda channel: channel.basic_consume(REPLIES, print),
        "twice": twice,
        "twice, with an end between": again,
    }.items():
        channel = connection.channel()
        said = refusal(lambda mistake=mistake, channel=channel: mistake(channel))
        note("told", doing=doing, **said, open=channel.is_open)


@scenario("amqp", "the broker makes up names for queues")
def has_no_name(connection, name, note):
    channel = connection.channel()
    made = [channel.queue_declare("", exclusive=True).method.queue for _ in range(2)]
    for each in made:
        note("made", name=alias("queue", each), begins=each.startswith("amq.gen-"))
    look = channel.queue_declare(made[0], passive=True).method
    note("there", messages=look.message_count, consumers=look.consumer_count)
    note("told", **refusal(lambda: connection.channel().queue_declare(
        "", durable=True, arguments={"x-queue-type": "quorum"})))  # fmt: skip
