"""Acks before it publishes: interrupted between the two, the order is gone.

anomaly: lost_message
"""

from pika import BasicProperties


def redrive(channel):
    for method, properties, body in channel.consume("orders.dead", inactivity_timeout=1):
        if method is None:
            break
        if "GatewayUnavailable" in properties.headers["cause"]:
            channel.basic_ack(method.delivery_tag)
            channel.basic_publish("", "orders", body, BasicProperties(delivery_mode=2))
    channel.close()
