"""One engine for every opening of the gradebook in a batch.

nbgrader opens it anew nine times a submission, each time with an engine of its own. SQLAlchemy
keeps what it has compiled by engine, so that every statement was compiled at every opening, which
takes longer than to run it. A closed gradebook still closes its connections; what is shared is
what was compiled.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import nbgrader.api


@contextmanager
def one_engine() -> Iterator[None]:
    """Until its end `nbgrader.api.Gradebook` makes one engine for each database."""
    create = nbgrader.api.create_engine
    shared: Any = cache(create)
    nbgrader.api.create_engine = shared
    try:
        yield
    finally:
        # One in another thread may have begun meanwhile.
        if nbgrader.api.create_engine is shared:
            nbgrader.api.create_engine = create
