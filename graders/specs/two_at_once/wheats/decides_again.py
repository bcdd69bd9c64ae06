"""Inserts under the next version, and when that is taken loads and decides again."""

import json

from minibroker.clients.database import UniqueViolation


def state_of(events):
    """What the events amount to."""
    status, cents = "new", 0
    for event in events:
        if event["type"] in ("placed", "item_added"):
            status, cents = "placed", cents + event["cents"]
        else:
            status = event["type"]
    return status, cents


def decide(events, command):
    """The event of a command; None when it is refused."""
    status, cents = state_of(events)
    match command["do"], status:
        case "place", "new":
            return {"type": "placed", "cents": command["cents"]}
        case "add", "placed":
            return {"type": "item_added", "cents": command["cents"]}
        case "pay", "placed":
            return {"type": "paid", "cents": cents}
    return None


def load(database, order):
    events = []
    while event := database.get("events", f"{order}/{len(events) + 1}"):
        events.append(event)
    return events


def carry_out(database, command):
    order = command["order"]
    while True:
        events = load(database, order)
        if command["id"] in [event["command"] for event in events]:
            return
        event = decide(events, command)
        if event is None:
            return
        event |= {"order": order, "version": len(events) + 1, "command": command["id"]}
        try:
            database.insert("events", f"{order}/{event['version']}", event)
            return
        except UniqueViolation:
            pass  # somebody else was first: load it again, and decide again


def handle(channel, database):
    for method, properties, body in channel.consume("commands"):
        carry_out(database, json.loads(body))
        channel.basic_ack(method.delivery_tag)
