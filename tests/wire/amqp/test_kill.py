"""A server that is killed while clients are at work has what it had confirmed when it is back, and
not what was acked; ``python -m bench killing`` does it a hundred times."""

import random

import pytest

from bench.amqp_killing import MESSAGES, PUBLISHERS, kill


@pytest.mark.parametrize("seed", range(5))
def test_what_was_confirmed_is_there_and_what_was_acked_is_not(seed: int) -> None:
    done = kill(random.Random(seed))
    assert done.wrong == []
    assert done.confirmed == PUBLISHERS * MESSAGES
    assert done.before < PUBLISHERS * MESSAGES, "all was confirmed before the server was killed"
