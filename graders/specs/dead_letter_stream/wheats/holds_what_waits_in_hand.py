"""Never pauses: it takes all there is and holds what waits, with the due time from a header. In each
topic the records are due in their order, so the committed offset is always before all that it
holds; a crash hands them out again."""

import heapq
import json
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from minibroker.clients.payments import CardDeclined, GatewayUnavailable, PaymentTimeout

WAITS = [5, 10, 20]


def stream_worker(bootstrap_servers, name, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer(
        {"bootstrap.servers": bootstrap_servers, "enable.idempotence": True, "linger.ms": 0}
    )
    waiting, last_due = [], {}

    def move(message, topic, **headers):
        failed = []
        producer.produce(
            topic,
            message.value(),
            message.key(),
            headers=headers,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        if producer.flush(100) or failed:
            raise RuntimeError("not moved; the supervisor starts me again")

    def work(message, attempts):
        try:
            order = json.loads(message.value())
        except ValueError as error:
            return move(message, "orders.dead", cause=f"no JSON: {error}", attempts=str(attempts))
        try:
            payments.charge(order["id"], order["cents"], order["id"])
        except CardDeclined as error:
            move(message, "orders.dead", cause=f"declined: {error}", attempts=str(attempts))
        except (GatewayUnavailable, PaymentTimeout) as error:
            if attempts > len(WAITS):
                move(message, "orders.dead", cause=f"away: {error}", attempts=str(attempts))
            else:
                seconds = WAITS[attempts - 1]
                due = str(time.time() + seconds)
                move(message, f"orders.retry.{seconds}", attempts=str(attempts), due=due)

    def start_over(consumer, partitions):
        waiting.clear()  # what is not committed will be handed out again
        last_due.clear()

    consumer.subscribe(
        ["orders", *(f"orders.retry.{seconds}" for seconds in WAITS)], on_assign=start_over
    )
    while True:
        left = waiting[0][0] - time.time() if waiting else 60
        message = consumer.poll(left) if left > 0 else None
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            headers = dict(message.headers() or [])
            # A copy that its producer sent twice is not due before what stands in front of it.
            due = max(float(headers.get("due", 0)), last_due.get(message.topic(), 0))
            last_due[message.topic()] = due
            attempts = int(headers.get("attempts", 0)) + 1
            place = message.topic(), message.offset()
            heapq.heappush(waiting, (due, place, attempts, message))
        while waiting and waiting[0][0] <= time.time():
            _, (topic, offset), attempts, message = heapq.heappop(waiting)
            work(message, attempts)
            consumer.commit(offsets=[TopicPartition(topic, 0, offset + 1)], asynchronous=False)
