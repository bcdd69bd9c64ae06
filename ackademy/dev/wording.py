"""How a sentence counts."""


def many(number: int, what: str) -> str:
    """A count with its noun.

    >>> many(0, "problem"), many(1, "problem"), many(2, "problem")
    ('no problems', '1 problem', '2 problems')
    """
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"
