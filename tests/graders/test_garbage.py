"""Tests of `graders.garbage`."""

import gc

import pytest

from graders.garbage import EVERY, seldom_collected


@pytest.mark.parametrize(("before", "meanwhile"), [(700, EVERY), (0, 0), (2 * EVERY, 2 * EVERY)])
def test_garbage_is_looked_for_less_often_meanwhile(before: int, meanwhile: int) -> None:
    first, *others = gc.get_threshold()
    try:
        gc.set_threshold(before, *others)
        with seldom_collected():
            assert gc.get_threshold() == (meanwhile, *others)
        assert gc.get_threshold() == (before, *others)
    finally:
        gc.set_threshold(first, *others)
