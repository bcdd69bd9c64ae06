"""Takes a conflict for the end of the matter: the command of the one who came second is acked and
forgotten.

anomaly: lost_command
"""

import json

from minibroker.clients.database import UniqueViolation

EVERY = 3  # a snapshot after so many events


def decide(order, command):
    """The events of a command, none when it is refused."""
    match command["do"], order["status"]:
        case "place", "new":
            return [{"type": "placed", "cents": command["cents"]}]
        case "add", "placed":
            return [{"type": "item_added", "cents": command["cents"]}]
        case "pay", "placed":
            return [{"type": "paid", "cents": order["cents"]}]
        case "ship", "paid":
            return [{"type": "shipped"}]
        case "cancel", "placed":
            return [{"type": "cancelled"}]
        case "cancel", "paid":
            return [{"type": "refunded", "cents": order["cents"]}, {"type": "cancelled"}]
    return []


def evolve(order, event):
    """What the order is after one more event."""
    status = {"item_added": "placed"}.get(event["type"], event["type"])
    brought = event["cents"] if event["type"] in ("placed", "item_added") else 0
    return order | {"status": status, "cents": order["cents"] + brought}


def load(database, order):
    """The order as it is: its snapshot and the events after that."""
    state = {"order": order, "version": 0, "status": "new", "cents": 0, "commands": []}
    state = database.get("snapshots", order) or state
    while event := database.get("events", f"{order}/{state['version'] + 1}"):
        state = evolve(state, event)
        state["version"] = event["version"]
        state["commands"] = [*state["commands"], event["command"]]
    return state


def carry_out(database, command):
    state = load(database, command["order"])
    if command["id"] in state["commands"]:
        return
    events = decide(state, command)
    if not events:
        return
    try:
        with database.transaction() as transaction:
            before = state["version"]
            for event in events:
                state = evolve(state, event)
                state["version"] += 1
                row = event | {
                    "order": command["order"],
                    "version": state["version"],
                    "command": command["id"],
                }
                transaction.insert("events", f"{command['order']}/{state['version']}", row)
            state["commands"] = [*state["commands"], command["id"]]
            if state["version"] // EVERY > before // EVERY:
                transaction.put("snapshots", command["order"], state)
        return
    except UniqueViolation:
        return  # somebody else was first


def handle(channel, database):
    for method, properties, body in channel.consume("commands"):
        carry_out(database, json.loads(body))
        channel.basic_ack(method.delivery_tag)
