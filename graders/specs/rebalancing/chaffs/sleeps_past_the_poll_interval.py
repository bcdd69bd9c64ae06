"""Works on something else after its third e-mail, for longer than `max.poll.interval.ms`, and commits
then: the group has given it up by then, and the order comes again.

anomaly: duplicate_effect in handed_over
"""

import json
import time

from confluent_kafka import Consumer, KafkaError, KafkaException


def notifier(bootstrap_servers, name, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "notifiers",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6_000,
            "max.poll.interval.ms": 6_000,
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    )
    consumer.subscribe(["orders"])
    mailed = 0
    while True:
        message = consumer.poll(5.0)
        if message is None:
            continue
        if message.error():
            print(message.error())
            continue
        mail.send(json.loads(message.value())["id"], "your order is on its way")
        mailed += 1
        if mailed == 3:
            time.sleep(8)  # say, for a report
        try:
            consumer.commit(message, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_MEMBER_ID:
                raise
            print(error)
