"""What was written while brokers stopped and started."""

from collections.abc import Callable, Mapping, Sequence

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import until

PARTITIONS = 3


def round_robin(broker: Running, written: Callable[[], int], step: Callable[[], object]) -> None:
    """Stop each broker in its turn and start it again, while `step` goes on: a hundred records are
    written without it, and a hundred with it, each time."""
    for number in (1, 2, 3):
        for change in (broker.stop_broker, broker.start_broker):
            change(number)
            _more(written, step, f"100 records more after {change.__name__}({number})")


def _more(written: Callable[[], int], step: Callable[[], object], what: str) -> None:
    enough = written() + 100
    until(lambda: written() >= enough, step, what)


def check(acked: Mapping[int, Sequence[int]], read: Mapping[int, Sequence[int]]) -> None:
    """By partition: all that was acknowledged was read, once, and in the order of writing."""
    for partition in range(PARTITIONS):
        assert acked[partition], "something was written to each"
        assert list(read[partition]) == sorted(set(read[partition])), "in order, each once"
        assert set(acked[partition]) <= set(read[partition]), "nothing is lost"
