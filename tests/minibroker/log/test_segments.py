from dataclasses import replace

from minibroker.log.segments import built
from tests.minibroker.log.making import records


def test_batches_go_to_the_segment_whose_offsets_are_theirs_though_others_stay_empty():
    batches = [replace(records("a"), base_offset=offset) for offset in (0, 2, 30, 31)]
    segments = built(batches, [0, 10, 20, 30])
    size = records("a").size
    assert [segment.size for segment in segments] == [2 * size, 0, 0, 2 * size]
    assert [segment.base_offset for segment in segments] == [0, 10, 20, 30]
