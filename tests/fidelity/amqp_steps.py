"""What RabbitMQ's scenarios do again and again. Waiting is the connection's own, so that it is
virtual in the simulator."""


def queue(channel, queue, kind="classic", **arguments):
    """Declare a durable queue and give its name; ``max_length=2`` is its argument x-max-length."""
    table = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind} | table)
    return queue


def get(channel, queue, auto_ack=False):
    """The next message of a queue, which may be on its way for some time."""
    for _ in range(400):
        method, properties, body = channel.basic_get(queue, auto_ack)
        if method is not None:
            return method, properties, body.decode()
        channel.connection.sleep(0.02)
    raise AssertionError(f"nothing came to {queue}")


def count(channel, queue):
    """How many messages are ready in a queue."""
    return channel.queue_declare(queue, passive=True).method.message_count


def settled(channel, queue, wanted):
    """How many are, once they are as many as wanted or have had the time to become so."""
    for _ in range(100):
        if (found := count(channel, queue)) == wanted:
            break
        channel.connection.sleep(0.02)
    return found


def failures(properties):
    """How often a quorum queue says that handing out has failed."""
    return (properties.headers or {}).get("x-delivery-count", 0)


def headers(properties):
    """A message's headers, with what the time of a death is and not when it was. What RabbitMQ 4.3
    added, x-acquired-count, is left to the tests of the engine."""
    found = dict(properties.headers or {})
    found.pop("x-acquired-count", None)
    if "x-death" in found:
        found["x-death"] = [
            {key: type(value).__name__ if key == "time" else value for key, value in death.items()}
            for death in found["x-death"]
        ]
    return found


def refusal(call):
    """The class, code and text of what a broker raises, or nothing."""
    try:
        call()
    except Exception as error:
        code = getattr(error, "reply_code", None)
        return {
            "error": type(error).__name__,
            "code": code,
            "text": getattr(error, "reply_text", ""),
        }
    return {"error": None, "code": None, "text": ""}
