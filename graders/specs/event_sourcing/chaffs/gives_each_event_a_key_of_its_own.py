"""Inserts each event under a key that nobody else can have: so no two writers are ever in conflict, and
two events of one order get the same version.

anomaly: conflicting_append
anomaly: invariant_violation
anomaly: repeated_command
"""

import json
import uuid

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
    rows = [database.get("events", key) for key in database.keys("events")]
    later = [row for row in rows if row["order"] == order and row["version"] > state["version"]]
    for event in sorted(later, key=lambda row: row["version"]):
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
            transaction.insert("events", str(uuid.uuid4()), row)
        state["commands"] = [*state["commands"], command["id"]]
        if state["version"] // EVERY > before // EVERY:
            transaction.put("snapshots", command["order"], state)


def handle(channel, database):
    for method, properties, body in channel.consume("commands"):
        carry_out(database, json.loads(body))
        channel.basic_ack(method.delivery_tag)
