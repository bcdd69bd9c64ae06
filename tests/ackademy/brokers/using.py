"""Using a broker as a client does that knows its address only."""

from confluent_kafka import Consumer, Producer


def a_transaction_is_read(kafka):
    """A record goes in by a transaction and comes out by a group."""
    producer = Producer(kafka.config({"transactional.id": "billing"}))
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce("orders", b"order-1")
    producer.commit_transaction(60)
    consumer = Consumer(kafka.config({"group.id": "bill", "auto.offset.reset": "earliest"}))
    consumer.subscribe(["orders"])
    assert consumer.poll(60).value() == b"order-1"
    consumer.close()
