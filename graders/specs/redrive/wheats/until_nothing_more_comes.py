"""Consumes until a second passes without a message, holds what must stay, and lets it go by closing
the channel."""

from pika import BasicProperties


def redrive(channel):
    for method, properties, body in channel.consume("orders.dead", inactivity_timeout=1):
        if method is None:
            break
        if "GatewayUnavailable" in properties.headers["cause"]:
            headers = {"attempts": 0, "redriven": True}
            channel.basic_publish("", "orders", body, BasicProperties(headers=headers))
            channel.basic_ack(method.delivery_tag)
    channel.close()
