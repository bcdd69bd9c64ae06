"""Takes any error for "seen before" and acks: after a crash between note and charge the note is
there, the insert fails, and the message is acked without its charge.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            database.insert("orders", order["id"], {"cents": order["cents"]})
            payments.charge(order["id"], order["cents"])
        except Exception as error:
            print("skipping:", error)
        finally:
            channel.basic_ack(method.delivery_tag)
