"""A directory that is opened again has what was flushed."""

import subprocess
import sys

import pytest

from minibroker.log.batch import NO_PRODUCER
from minibroker.log.groups import Committed
from minibroker.storage import StorageError, open_cluster
from tests.minibroker.storage.keeping import Server


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data")
    server.cluster.create_topic("orders", 2, config={"internal.segment.bytes": "300"})
    yield server
    server.disk.abandon()


def test_what_was_flushed_is_there_in_order_and_once(server):
    for number in range(20):
        server.send(f"order {number}", f"and {number}", partition=number % 2)
        server.disk.flush()
    before = [server.written(partition=each) for each in (0, 1)]
    state = server.state()
    server.restarts()
    assert [server.written(partition=each) for each in (0, 1)] == before
    assert server.state() == state
    assert server.cluster.fetch("orders", 0, 0).high_watermark == 20


def test_what_was_not_flushed_is_not_there(server):
    server.send("kept")
    server.disk.flush()
    server.send("told to nobody")
    server.restarts()
    assert len(server.written()) == 1


def test_segments_are_files_named_by_their_first_offset(server):
    for number in range(10):
        server.send("x" * 90, str(number))
    server.disk.flush()
    files = sorted(path.name for path in (server.directory / "orders-0").glob("*.log"))
    bases = [base for base, _ in server.cluster.log("orders", 0).segments()]
    assert files == [f"{base:020}.log" for base in bases]
    assert len(files) > 2
    data = b"".join((server.directory / "orders-0" / name).read_bytes() for name in files)
    assert data == b"".join(server.written())


def test_committed_offsets_with_metadata_and_epoch_are_there(server):
    position = Committed(3, "checked by hand", 0)
    server.cluster.groups.commit("c", "billing", {("orders", 0): position})
    server.disk.flush()
    server.restarts()
    assert server.cluster.groups.committed("billing") == {("orders", 0): position}


def test_a_producer_id_is_never_given_twice(server):
    given = [server.transactions.init_producer("p")[0] for _ in range(3)]
    server.disk.flush()
    server.restarts()
    assert server.transactions.init_producer("p")[0] not in given


def test_the_cluster_keeps_its_id_and_a_topic_its_own(server):
    ids = server.disk.cluster_id, server.cluster.topic_id("orders")
    server.disk.flush()
    server.restarts()
    assert (server.disk.cluster_id, server.cluster.topic_id("orders")) == ids
    assert len(ids[0]) == 22


def test_a_topic_made_anew_has_another_id_and_nothing_of_the_old_one(server):
    server.send("old")
    server.disk.flush()
    before = server.cluster.topic_id("orders")
    server.cluster.delete_topic("orders")
    server.cluster.create_topic("orders")
    server.send("new")
    server.disk.flush()
    state = server.state()
    server.restarts()
    assert server.cluster.topic_id("orders") != before
    assert len(server.written()) == 1
    assert b"new" in server.file().read_bytes()
    assert not (server.directory / "orders-1").exists()
    assert server.state() == state


def test_a_deleted_topic_is_gone_even_if_a_crash_kept_its_directory(server):
    server.send("old")
    server.disk.flush()
    kept = {path.name: path.read_bytes() for path in (server.directory / "orders-0").iterdir()}
    server.cluster.delete_topic("orders")
    server.disk.flush()
    (server.directory / "orders-0").mkdir()
    for name, data in kept.items():
        (server.directory / "orders-0" / name).write_bytes(data)
    server.restarts()
    assert server.cluster.topics() == []
    assert [path.name for path in server.directory.iterdir() if path.is_dir()] == []


def test_a_directory_that_nobody_knows_is_laid_aside_and_told(server, caplog):
    server.disk.flush()
    stray = server.directory / "orders-7"
    stray.mkdir()
    (stray / "partition.metadata").write_text("version: 0\ntopic_id: somebody\n")
    server.restarts()
    assert (server.directory / "orders-7.0-stray").is_dir()
    assert "is of no topic in the journal" in caplog.text


def test_configuration_and_more_partitions_are_kept(server):
    server.cluster.alter_config("orders", {"retention.ms": "1234"})
    server.cluster.add_partitions("orders", 3)
    server.disk.flush()
    state = server.state()
    server.restarts()
    assert server.cluster.config("orders")["retention.ms"] == "1234"
    assert server.cluster.partitions("orders") == 3
    assert server.state() == state


def test_a_restart_begins_a_new_leader_epoch(server):
    server.send("a")
    server.disk.flush()
    server.restarts().restarts()
    server.send("b")
    assert server.cluster.leader_epoch("orders", 0) == 2
    assert server.cluster.epoch_end("orders", 0, 0) == (0, 1)
    server.disk.flush()
    server.restarts()
    assert len(server.written()) == 2


def test_a_duplicate_is_recognised_after_a_restart(server):
    producer, epoch = server.transactions.init_producer("p")
    who = {"producer_id": producer, "producer_epoch": epoch}
    first = server.send("a", "b", base_sequence=0, **who).get()
    server.disk.flush()
    server.restarts()
    assert server.send("a", "b", base_sequence=0, **who).get().base_offset == first.base_offset
    assert server.send("c", base_sequence=2, **who).get().base_offset == 2
    assert producer != NO_PRODUCER


def test_two_servers_do_not_share_a_directory(server):
    with pytest.raises(StorageError, match=r"is in use by process \d+ on .+; stop that server"):
        Server(server.directory)
    # nor another process
    code = (
        "import pathlib, sys\n"
        "from minibroker.storage.lock import locked\n"
        "locked(pathlib.Path(sys.argv[1]))\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, server.directory], capture_output=True, text=True, check=False
    )
    assert "is in use by process" in other.stderr
    server.disk.close()
    Server(server.directory).disk.close()
    server.starts()


def test_several_brokers_are_refused_in_a_sentence(tmp_path, server):
    with pytest.raises(StorageError, match="only one broker can keep its data"):
        open_cluster(tmp_path / "other", server.clock, None, server.due.at, brokers=3)


def test_a_disk_that_cannot_be_written_answers_nobody_any_more(server):
    server.disk.flush()
    server.send("a")
    server.disk.flush()
    server.cluster.create_topic("more")
    (server.directory / "more-0").write_text("a file stands where the directory should")
    with pytest.raises(StorageError, match="cannot be written"):
        server.disk.flush()
    with pytest.raises(StorageError, match="cannot be written"):
        server.disk.flush()
