"""Garbage collection while many runs are kept.

Every run makes some thousand objects, and an exploration keeps most of them: its traces and its
recordings. The interpreter looks for garbage after every 700 new objects, now and then at all that
is kept, and that took about a quarter of an exploration's time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 100_000
"""New objects between two looks: those of some forty runs, and some five megabytes."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage less often meanwhile, unless it is looked for even less already."""
    before = gc.get_threshold()
    if 0 < before[0] < EVERY:
        gc.set_threshold(EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
