"""Topic patterns: ``*`` stands for one word, ``#`` for none or more (RabbitMQ, "Exchanges", Topic).

Words are separated by dots and may be empty; an empty routing key has no words at all.

>>> matches(words("order.*.#"), words("order.paid"))
True
>>> matches(words("order.*.#"), words("order"))
False
"""

from collections.abc import Sequence


def words(key: str) -> list[str]:
    """The words of a routing key or a pattern."""
    return key.split(".") if key else []


def matches(pattern: Sequence[str], key: Sequence[str]) -> bool:
    """Whether the pattern's words match all of the key's."""
    reached = {0}  # how many words of the key the pattern so far can have used
    for part in pattern:
        if part == "#":
            reached = set(range(min(reached), len(key) + 1))
        else:
            reached = {used + 1 for used in reached if used < len(key) and part in ("*", key[used])}
        if not reached:
            return False
    return len(key) in reached
