"""A server that is killed while producers write has every acked record when it is back;
``python -m bench killing`` does it a hundred times."""

import random

import pytest

from bench.killing import RECORDS, kill


@pytest.mark.parametrize("seed", range(5))
def test_what_was_acked_is_there_in_order_and_once(seed: int) -> None:
    done = kill(random.Random(seed))
    assert done.wrong == []
    assert done.acked == RECORDS
    assert done.before < RECORDS, "all was acked before the server was killed"
