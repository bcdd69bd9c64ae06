"""Some thousand mutated requests; ``python -m bench fuzzing`` sends 200,000."""

import pytest

from bench.fuzzing import fuzz, taken_down


@pytest.fixture(scope="module")
def corpus() -> list[bytes]:
    """Requests of real clients."""
    return taken_down()


def test_real_clients_send_requests_of_many_kinds(corpus: list[bytes]) -> None:
    assert len({frame[4:6] for frame in corpus}) >= 15


@pytest.mark.parametrize("seed", range(3))
def test_mutated_requests_end_their_connections_and_nothing_else(
    seed: int, corpus: list[bytes]
) -> None:
    found = fuzz(1_500, seed, corpus)
    assert found.failed == []
    assert found.frames == 1_500
    assert found.left_open == 0
    assert found.closed > 20
    assert found.answered > 0
    # Every connection that the server closed has its line; one may have closed after its last
    # frame, when nobody looked any more.
    assert found.lines >= found.closed
