"""How figures are taken and printed."""

import statistics
from collections.abc import Callable, Sequence


def row(name: str, figures: Sequence[float], unit: str, aim: str = "") -> str:
    """One line of a table: the median, the spread, and the aim where there is one."""
    middle, least, most = statistics.median(figures), min(figures), max(figures)
    digits = 0 if middle > 100 else 1 if middle > 10 else 3
    return (
        f"{name:50} {middle:8,.{digits}f} {unit:4} "
        f"({least:,.{digits}f} to {most:,.{digits}f}{f'; aim {aim}' if aim else ''})"
    )


def rounds(work: Callable[[], float], many: int) -> list[float]:
    """The figure that `work` gives, so many times after one that does not count."""
    work()
    return [work() for _ in range(many)]
