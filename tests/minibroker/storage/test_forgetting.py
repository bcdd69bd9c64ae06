"""What retention, deletion and compaction give up is gone from the disk, and nothing else."""

import pytest

from minibroker.storage import StorageError
from tests.minibroker.storage.keeping import Server
from tests.minibroker.storage.test_transactions_kept import Shop, dies_at

SMALL = {"internal.segment.bytes": "250"}
COMPACTED = SMALL | {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.0",
    "delete.retention.ms": "100000",
}


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data")
    yield server
    server.disk.abandon()


def files(server, topic="orders"):
    return sorted(int(path.stem) for path in (server.directory / f"{topic}-0").glob("*.log"))


def bases(server, topic="orders"):
    return [base for base, _ in server.cluster.log(topic, 0).segments()]


def all_there_is(server):
    log = server.cluster.log("orders", 0)
    return server.state(), server.written(), log.start, log.aborted(0, log.end)


def same_after_a_restart(server):
    server.disk.flush()
    assert files(server) == bases(server)
    before = all_there_is(server)
    server.restarts()
    assert all_there_is(server) == before
    assert files(server) == bases(server)


def values(server):
    """The last value of each key that a consumer is shown; the one transaction was aborted."""
    log = server.cluster.log("orders", 0)
    found = {}
    for batch in log.read(log.start, 2**31, log.end):
        if not batch.transactional:
            entries = server.codec.entries(batch.payload)
            for entry, each in zip(entries, server.codec.shown(batch.payload), strict=True):
                found[entry.key] = each.value
    return {key: value for key, value in found.items() if value is not None}


def test_retention_removes_whole_files(server):
    server.cluster.create_topic("orders", config=SMALL | {"retention.ms": "10000"})
    for number in range(6):
        server.send("x" * 60, str(number))
        server.due.passes(2)
    server.disk.flush()
    assert len(files(server)) > 3
    server.due.passes(302)
    server.cluster.fetch("orders", 0, server.cluster.log("orders", 0).end)
    server.disk.flush()
    assert files(server) == [12], "an empty one, whose name says where the log ends"
    same_after_a_restart(server)
    assert server.send("on").get().base_offset == 12


def test_deleted_records_stay_deleted_within_a_segment_too(server):
    server.cluster.create_topic("orders", config=SMALL)
    for number in range(6):
        server.send("x" * 60, str(number))
    server.disk.flush()
    server.cluster.delete_records("orders", 0, 7)
    same_after_a_restart(server)
    assert server.cluster.log("orders", 0).start == 7
    assert files(server)[0] <= 7


def test_a_producer_outlives_its_deleted_records(server):
    server.cluster.create_topic("orders", config=SMALL)
    producer, epoch = server.transactions.init_producer("p")
    who = {"producer_id": producer, "producer_epoch": epoch}
    for number in range(4):
        server.send("x" * 150, base_sequence=number, **who)
    server.disk.flush()
    server.cluster.delete_records("orders", 0, -1)
    for _ in range(2):
        server.send("y" * 200)
    server.cluster.delete_records("orders", 0, 5)
    same_after_a_restart(server)
    assert server.send("x" * 150, base_sequence=3, **who).get().base_offset == 3
    assert server.send("x", base_sequence=4, **who).get().base_offset == 6


def test_an_open_transaction_that_lost_its_records_still_holds_readers_back(server):
    server.cluster.create_topic("orders", config=SMALL)
    shop = Shop(server)
    shop.begins(0)
    shop.sends("x" * 150)
    for _ in range(3):
        server.send("y" * 200)
    server.disk.flush()
    server.cluster.delete_records("orders", 0, 3)
    stable = server.cluster.log("orders", 0).last_stable_offset
    same_after_a_restart(server)
    assert server.cluster.log("orders", 0).last_stable_offset == stable == 3
    shop.ends(commit=False)
    assert server.cluster.log("orders", 0).aborted(3, 10)
    same_after_a_restart(server)
    assert server.cluster.log("orders", 0).aborted(3, 10)


def compacts(server):
    """Let the cleaner come by."""
    server.due.passes(16)
    server.cluster.fetch("orders", 0, server.cluster.log("orders", 0).end)


def fill(server, rounds=4):
    for number in range(rounds):
        for key in "abc":
            server.send(f"{number}" * 40, key=key)
    server.send(None, key="b")
    server.send("z" * 200, key="z")
    server.send("z" * 200, key="z")


def test_compaction_replaces_files(server):
    server.cluster.create_topic("orders", config=COMPACTED)
    shop = Shop(server)
    shop.begins(0)
    server.send("to be aborted", key="a", producer_id=shop.id, producer_epoch=shop.epoch,
                base_sequence=0, transactional=True)  # fmt: skip
    shop.ends(commit=False)
    fill(server)
    server.disk.flush()
    before = sum(path.stat().st_size for path in (server.directory / "orders-0").glob("*.log"))
    compacts(server)
    server.disk.flush()
    after = sum(path.stat().st_size for path in (server.directory / "orders-0").glob("*.log"))
    assert after < before / 2
    assert server.cluster.log("orders", 0).aborted(0, 2)
    same_after_a_restart(server)
    # the tombstone goes when its time has come, as if there had been no restart
    assert None in [each.value for each in shown(server)]
    server.due.passes(100)
    server.send("w" * 200, key="w")
    server.send("w" * 200, key="w")
    compacts(server)
    assert None not in [each.value for each in shown(server)]
    same_after_a_restart(server)


def test_what_is_compacted_before_it_was_ever_written_is_written_once(server):
    server.cluster.create_topic("orders", config=COMPACTED)
    server.disk.flush()
    fill(server)
    server.clock.advance(server.clock.now + 16_000_000)
    log = server.cluster.log("orders", 0)
    server.cluster.fetch("orders", 0, log.end)
    assert len(server.written()) < 12
    same_after_a_restart(server)
    data = b"".join(server.file(base).read_bytes() for base in files(server))
    assert data == b"".join(server.written())


def damaged_in_its_second_segment(server):
    """A compacted log whose second file has a gap at its front and then one batch that is whole."""
    config = COMPACTED | {"internal.segment.bytes": "450"}
    server.cluster.create_topic("orders", config=config)
    id, epoch = server.transactions.init_producer("p")
    who = {"producer_id": id, "producer_epoch": epoch}
    for sequence, key in enumerate("sataluwayzza"):
        server.send("x" * 60, key=key, base_sequence=sequence, **who)
    server.disk.flush()
    compacts(server)
    server.disk.flush()
    segments = server.cluster.log("orders", 0).segments()
    assert [[batch.base_offset for batch in batches] for _, batches in segments[:2]] == [
        [0, 2],
        [4, 5],
    ]
    server.dies()
    path = server.file(3)
    path.write_bytes(path.read_bytes()[:-1])
    server.starts()
    return who


def test_damage_among_what_was_compacted_does_not_make_its_gaps_look_like_damage(server, caplog):
    damaged_in_its_second_segment(server)
    left = server.written()
    assert len(left) == 3
    server.disk.flush()
    caplog.clear()
    server.restarts()
    assert server.written() == left
    assert not caplog.records


def test_what_damage_took_of_a_compacted_log_a_producer_may_send_again(server):
    who = damaged_in_its_second_segment(server)
    again = server.send("x" * 60, key="u", base_sequence=5, **who).get()
    assert again.base_offset == 5
    assert len(server.written()) == 4


def shown(server):
    log = server.cluster.log("orders", 0)
    return [
        each for batch in log.read(log.start, 2**31, log.end) if batch.control is None
        for each in server.codec.shown(batch.payload)
    ]  # fmt: skip


def test_a_crash_at_any_write_of_a_compaction_brings_nothing_back_and_loses_nothing(tmp_path):
    seen = set()
    for step in range(1, 100):
        server = Server(tmp_path / str(step))
        server.cluster.create_topic("orders", config=COMPACTED)
        shop = Shop(server)
        shop.begins(0)
        server.send("to be aborted", key="a", producer_id=shop.id, producer_epoch=shop.epoch,
                    base_sequence=0, transactional=True)  # fmt: skip
        fill(server, 3)
        shop.ends(commit=False)
        fill(server, 3)
        server.disk.flush()
        for _ in range(2):  # once more, with horizons and bigger segments to merge
            compacts(server)
            expected = values(server)
            end = server.cluster.log("orders", 0).end
            with pytest.MonkeyPatch.context() as patch:
                dies_at(patch, step)
                try:
                    server.disk.flush()
                    over = True
                except StorageError:
                    over = False
                server.dies()
            server.starts()
            log = server.cluster.log("orders", 0)
            assert log.end == end
            assert values(server) == expected
            offsets = [batch.base_offset for _, batches in log.segments() for batch in batches]
            assert offsets == sorted(set(offsets))
            assert log.last_stable_offset == end
            committed = server.cluster.fetch("orders", 0, log.start, read_committed=True)
            mine = [each for each in committed.batches if each.producer_id == shop.id]
            if any(each.records for each in mine if each.control is None):
                assert committed.aborted, "what was aborted is left out while it is there"
            seen.add(len(log.segments()))
            same_after_a_restart(server)
            server.due.passes(200)
            fill(server, 2)
        server.disk.close()
        if over:
            break
    assert over
    assert len(seen) > 2
