"""Takes each dead letter once, as many as there are at the beginning, and acks it when the queue
that it goes to has it."""

from pika import BasicProperties


def redrive(channel):
    channel.confirm_delivery()
    many = channel.queue_declare("orders.dead", passive=True).method.message_count
    stay = []
    for _ in range(many):
        method, properties, body = channel.basic_get("orders.dead")
        if method is None:
            break
        if properties.headers["cause"].startswith("GatewayUnavailable"):
            again = BasicProperties(delivery_mode=2)  # without headers: all attempts before it
            channel.basic_publish("", "orders", body, again, mandatory=True)
            channel.basic_ack(method.delivery_tag)
        else:
            stay.append(method.delivery_tag)
    for tag in stay:
        channel.basic_nack(tag, requeue=True)
