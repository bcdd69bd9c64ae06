"""A directory that is opened again has what was flushed."""

import subprocess
import sys

import pytest

from minibroker.log.batch import NO_PRODUCER
from minibroker.log.groups import Committed
from minibroker.storage import StorageError, open_cluster
from minibroker.storage.files import Files
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
    with pytest.raises(StorageError, match="cannot be written") as first:
        server.disk.flush()
    (server.directory / "more-0").unlink()
    with pytest.raises(StorageError) as second:
        server.disk.flush()
    assert second.value is first.value


def test_a_directory_that_could_not_be_opened_is_not_locked(tmp_path, server):
    def prepare(cluster):
        raise RuntimeError("not today")

    with pytest.raises(RuntimeError):
        Server(tmp_path / "other", prepare=prepare)
    Server(tmp_path / "other").disk.close()


def test_an_offset_that_has_expired_does_not_come_back_with_those_that_have_not(server):
    groups = server.cluster.groups
    groups.commit("c", "billing", {("orders", 0): Committed(3)})
    server.due.passes(24 * 3600)
    groups.commit("c", "billing", {("orders", 1): Committed(4)})
    server.disk.flush()
    server.due.passes(6 * 24 * 3600 + 1)
    assert list(groups.committed("billing")) == [("orders", 1)]
    server.disk.flush()
    server.restarts()
    assert list(server.cluster.groups.committed("billing")) == [("orders", 1)]


def test_a_group_whose_offsets_have_expired_does_not_come_back(server):
    server.cluster.groups.commit("c", "billing", {("orders", 0): Committed(3)})
    server.disk.flush()
    server.due.passes(7 * 24 * 3600 + 1)
    assert server.cluster.groups.list() == []
    server.disk.flush()
    server.restarts()
    assert server.cluster.groups.committed("billing") == {}


def test_offsets_do_not_expire_while_the_server_is_down(server):
    server.cluster.groups.commit("c", "billing", {("orders", 0): Committed(3)})
    server.disk.flush()
    server.dies()
    server.now += 8 * 24 * 3600 * 1_000_000
    server.starts()
    assert server.cluster.groups.committed("billing")


def test_a_member_is_never_given_the_id_of_one_before_the_restart(server):
    def joins():
        answer = server.cluster.groups.join("c", "billing", "", {"range": b""})
        server.due.passes(4)
        return answer.get().member_id

    first = joins()
    server.disk.flush()
    server.restarts()
    assert joins() != first


def test_what_is_set_before_there_is_a_group_holds_for_groups_that_were_kept(tmp_path):
    def prepare(cluster):
        cluster.groups.initial_delay = 0

    server = Server(tmp_path / "other", prepare=prepare)
    server.cluster.groups.commit("c", "billing", {("orders", 0): Committed(3)})
    server.disk.flush()
    server.restarts()
    answer = server.cluster.groups.join("c", "billing", "", {"range": b""})
    server.due.passes(0)
    assert answer.done
    server.disk.abandon()


# --- when it is synced ------------------------------------------------------------------------


@pytest.fixture
def done(monkeypatch):
    """What is done to files, in order."""
    done = []
    for name in ("append", "sync"):
        real = getattr(Files, name)

        def act(self, *arguments, name=name, real=real):
            path = arguments[0].name if arguments else ""
            done.append(name if name == "sync" else f"{name} {path}")
            real(self, *arguments)

        monkeypatch.setattr(Files, name, act)
    return done


def test_always_syncs_the_journal_before_the_partitions_and_them_before_an_answer(server, done):
    server.disk.flush()
    done.clear()
    server.cluster.groups.commit("c", "billing", {("orders", 0): Committed(3)})
    server.send("a")
    server.send("b")
    server.disk.flush()
    assert done == ["append journal", "sync", f"append {0:020}.log", "sync"]
    done.clear()
    server.send("c")
    server.disk.flush()
    assert done == [f"append {0:020}.log", "sync"]
    assert not server.disk.needs_flush
    server.disk.flush()
    assert len(done) == 2


def test_interval_syncs_a_second_later_and_only_once(tmp_path, done):
    server = Server(tmp_path / "other", fsync="interval")
    server.cluster.create_topic("orders")
    server.due.passes(5)
    done.clear()
    for _ in range(3):
        server.send("a")
        server.disk.flush()
    assert done == [f"append {0:020}.log"] * 3
    server.due.passes(0.9)
    assert "sync" not in done
    server.due.passes(0.2)
    server.due.passes(5)
    assert done.count("sync") == 1
    server.disk.close()


def test_never_syncs_when_it_is_closed_only(tmp_path, done):
    server = Server(tmp_path / "other", fsync="never")
    server.cluster.create_topic("orders")
    server.send("a")
    done.clear()
    server.disk.flush()
    server.due.passes(60)
    assert "sync" not in done
    server.disk.close()
    assert "sync" in done


def test_what_nobody_waits_for_is_written_soon(server):
    server.send("a", acks=0)
    server.due.passes(0.01)
    server.restarts()
    assert len(server.written()) == 1
