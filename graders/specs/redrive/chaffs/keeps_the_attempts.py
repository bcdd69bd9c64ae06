"""Sends the order with its old headers: it has had all its attempts, so it gets none.

anomaly: given_up_early
"""


def redrive(channel):
    for method, properties, body in channel.consume("orders.dead", inactivity_timeout=1):
        if method is None:
            break
        if "GatewayUnavailable" in properties.headers["cause"]:
            channel.basic_publish("", "orders", body, properties)
            channel.basic_ack(method.delivery_tag)
    channel.close()
