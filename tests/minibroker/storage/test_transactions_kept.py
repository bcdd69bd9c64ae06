"""Transactions go on after a restart where they were."""

from contextlib import suppress

import pytest

from minibroker.log.errors import Code
from minibroker.log.groups import Committed
from minibroker.sim.clock import SECOND
from minibroker.storage.errors import StorageError
from minibroker.storage.files import Files
from tests.minibroker.log.brokers import refusal
from tests.minibroker.storage.keeping import Server


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data")
    server.cluster.create_topic("orders", 2)
    yield server
    server.disk.abandon()


class Shop:
    """A transactional producer."""

    def __init__(self, server, timeout=60 * SECOND, name="shop"):
        self.server, self.name = server, name
        self.id, self.epoch = server.transactions.init_producer("p", name, timeout)
        self.next = {0: 0, 1: 0}

    def me(self):
        return "p", self.name, self.id, self.epoch

    def begins(self, *partitions):
        places = [("orders", each) for each in partitions]
        self.server.transactions.add_partitions(*self.me(), places)

    def sends(self, value, partition=0):
        answer = self.server.send(
            value,
            partition=partition,
            producer_id=self.id,
            producer_epoch=self.epoch,
            base_sequence=self.next[partition],
            transactional=True,
        )
        answer.get()
        self.next[partition] += 1

    def ends(self, commit=True, **options):
        found = self.server.transactions.end(*self.me(), commit, **options)
        if found != (self.id, self.epoch):
            (self.id, self.epoch), self.next = found, {0: 0, 1: 0}


def committed_values(server, partition=0):
    found = server.cluster.fetch("orders", partition, 0, read_committed=True)
    aborted = {each.producer_id for each in found.aborted}
    return [b for b in found.batches if b.control is None and b.producer_id not in aborted]


def test_an_open_transaction_goes_on_and_is_committed(server):
    shop = Shop(server)
    shop.begins(0, 1)
    shop.sends("a", 0)
    server.disk.flush()
    server.restarts()
    assert server.transactions.describe("shop").state == "Ongoing"
    assert committed_values(server) == []
    shop.sends("b", 1)
    shop.ends()
    assert [len(committed_values(server, each)) for each in (0, 1)] == [1, 1]


def test_an_open_transaction_is_aborted_when_its_time_is_over_and_not_before(server):
    shop = Shop(server, timeout=50 * SECOND)
    shop.begins(0)
    shop.sends("a")
    server.disk.flush()
    server.due.passes(20)
    server.restarts()
    server.due.passes(29)
    assert server.transactions.describe("shop").state == "Ongoing"
    server.due.passes(2)
    assert server.transactions.describe("shop").state == "CompleteAbort"
    assert refusal(shop.ends) is Code.PRODUCER_FENCED


def test_one_whose_time_was_over_while_the_server_was_down_is_aborted_at_once(server):
    shop = Shop(server, timeout=5 * SECOND)
    shop.begins(0)
    shop.sends("a")
    server.disk.flush()
    server.dies()
    server.now += 60 * SECOND
    server.starts()
    server.due.passes(0)
    assert server.transactions.describe("shop").state == "CompleteAbort"


def test_a_clock_that_was_set_back_does_not_let_a_transaction_live_longer(server):
    server.due.passes(1000)
    shop = Shop(server, timeout=50 * SECOND)
    shop.begins(0)
    server.disk.flush()
    server.dies()
    server.now -= 900 * SECOND
    server.starts()
    server.due.passes(51)
    assert server.transactions.describe("shop").state == "CompleteAbort"


def test_a_zombie_of_before_is_still_fenced(server):
    old = Shop(server)
    old.begins(0)
    old.sends("a")
    server.disk.flush()
    new = Shop(server)
    server.disk.flush()
    server.restarts()
    assert new.epoch > old.epoch
    assert refusal(lambda: old.begins(0)) is Code.PRODUCER_FENCED
    assert refusal(old.ends) is Code.PRODUCER_FENCED
    assert refusal(lambda: old.sends("late")) is Code.INVALID_PRODUCER_EPOCH
    new.begins(0)
    new.sends("b")
    new.ends()


def test_offsets_of_an_open_transaction_count_when_it_commits(server):
    shop = Shop(server)
    server.disk.flush()
    groups = server.cluster.groups
    groups.commit("c", "billing", {("orders", 0): Committed(1)})
    server.transactions.add_offsets(*shop.me(), "billing")
    server.transactions.commit_offsets(*shop.me(), "billing", {("orders", 0): Committed(5, "m")})
    server.disk.flush()
    server.restarts()
    groups = server.cluster.groups
    assert groups.committed("billing")[("orders", 0)].offset == 1
    assert (
        refusal(lambda: groups.committed("billing", require_stable=True))
        is Code.UNSTABLE_OFFSET_COMMIT
    )
    shop.ends()
    assert groups.committed("billing") == {("orders", 0): Committed(5, "m")}


def test_a_plain_commit_after_a_transactions_own_stays_after_a_restart(server):
    shop = Shop(server)
    server.transactions.add_offsets(*shop.me(), "billing")
    server.transactions.commit_offsets(*shop.me(), "billing", {("orders", 0): Committed(5)})
    server.cluster.groups.commit("c", "billing", {("orders", 0): Committed(9)})
    server.disk.flush()
    server.restarts().restarts()
    shop.ends()
    assert server.cluster.groups.committed("billing") == {("orders", 0): Committed(9)}


def test_an_end_that_was_asked_for_again_after_a_restart_is_no_error(server):
    shop = Shop(server)
    shop.begins(0)
    shop.sends("a")
    before = shop.epoch
    shop.ends(bump=True)
    server.disk.flush()
    server.restarts()
    again = server.transactions.end("p", "shop", shop.id, before, True, bump=True)
    assert again == (shop.id, shop.epoch)


class Stop(Exception):
    """The process dies here."""


def dies_at(monkeypatch, step):
    """From now on the `step`-th thing that is done to a file is done by half and then no more."""
    left = [step]

    def dying(name):
        real = getattr(Files, name)

        def act(self, *arguments):
            left[0] -= 1
            if left[0] > 0:
                return real(self, *arguments)
            if left[0] == 0 and name == "append" and arguments[1]:
                path, data = arguments
                real(self, path, data[: len(data) // 2])
            raise StorageError("killed")

        monkeypatch.setattr(Files, name, act)

    for name in ("append", "replace", "remove", "directory", "sync"):
        dying(name)
    return left


@pytest.mark.parametrize("commit", [True, False])
def test_a_crash_at_any_write_of_a_decision_leaves_both_partitions_alike(tmp_path, commit):
    outcomes = set()
    for step in range(1, 40):
        server = Server(tmp_path / str(step))
        server.cluster.create_topic("orders", 2)
        shop = Shop(server)
        server.transactions.add_offsets(*shop.me(), "billing")
        offsets = {("orders", 0): Committed(5)}
        server.transactions.commit_offsets(*shop.me(), "billing", offsets)
        shop.begins(0, 1)
        shop.sends("a", 0)
        shop.sends("b", 1)
        server.disk.flush()
        shop.ends(commit=commit)
        with pytest.MonkeyPatch.context() as patch:
            left = dies_at(patch, step)
            try:
                server.disk.flush()
                over = True
            except StorageError:
                over = False
            server.dies()
        server.starts()
        logs = [server.cluster.log("orders", each) for each in (0, 1)]
        state = server.transactions.describe("shop").state
        if state == "Ongoing":
            assert all(log.producers.open for log in logs)
            assert not over
            server.due.passes(61)
            assert server.transactions.describe("shop").state == "CompleteAbort"
        else:
            assert state == ("CompleteCommit" if commit else "CompleteAbort")
        ends = [log.segments()[-1][1][-1].control for log in logs]
        assert ends[0] == ends[1] is not None
        assert not any(log.producers.open for log in logs)
        assert [log.last_stable_offset for log in logs] == [2, 2]
        counted = server.cluster.groups.committed("billing", require_stable=True)
        assert counted == (offsets if ends[0] == "commit" else {})
        outcomes.add((state, over))
        server.disk.close()
        if over:
            break
    assert left[0] > 0
    assert len(outcomes) == 3, "before the decision, after it, and with all of it"


def test_a_control_batch_of_a_deleted_topic_is_not_owed_to_its_namesake(server):
    shop = Shop(server)
    shop.begins(0)
    shop.sends("a")
    server.disk.flush()
    shop.ends()
    server.disk.flush()
    server.cluster.delete_topic("orders")
    server.cluster.create_topic("orders", 2)
    server.disk.flush()
    server.restarts()
    assert server.written() == []


@pytest.mark.parametrize("step", range(1, 12))
def test_a_crash_while_a_topic_is_made_anew_leaves_the_old_one_or_the_new_one(tmp_path, step):
    server = Server(tmp_path / "data")
    server.cluster.create_topic("orders", 2)
    server.send("old")
    server.disk.flush()
    old = server.cluster.topic_id("orders")
    server.cluster.delete_topic("orders")
    server.cluster.create_topic("orders", 2)
    with pytest.MonkeyPatch.context() as patch:
        dies_at(patch, step)
        with suppress(StorageError):
            server.disk.flush()
        server.dies()
    server.starts()
    is_old = server.cluster.topic_id("orders") == old
    assert len(server.written()) == is_old
    server.send("on")
    server.disk.flush()
    server.restarts()
    assert len(server.written()) == is_old + 1
    server.disk.close()


def test_an_open_transaction_that_the_journal_has_lost_is_aborted_and_told(server, caplog):
    shop = Shop(server)
    server.disk.flush()
    size = (server.directory / "journal").stat().st_size
    shop.begins(0)
    shop.sends("a")
    server.disk.flush()
    server.dies()
    with (server.directory / "journal").open("ab") as journal:
        journal.truncate(size)
    server.starts()
    log = server.cluster.log("orders", 0)
    assert log.last_stable_offset == log.end == 2
    assert committed_values(server) == []
    assert "that the coordinator does not know" in caplog.text


def test_records_of_a_transaction_that_ends_in_the_same_turn_are_kept_before_its_end(tmp_path):
    seen = set()
    for step in range(1, 40):
        server = Server(tmp_path / str(step))
        server.cluster.create_topic("orders", 2)
        server.disk.flush()
        shop = Shop(server)
        server.transactions.add_offsets(*shop.me(), "billing")
        offsets = {("orders", 0): Committed(5)}
        server.transactions.commit_offsets(*shop.me(), "billing", offsets)
        shop.begins(0, 1)
        shop.sends("a", 0)
        shop.sends("b", 1)
        shop.ends()
        with pytest.MonkeyPatch.context() as patch:
            left = dies_at(patch, step)
            with suppress(StorageError):
                server.disk.flush()
            server.dies()
        server.starts()
        server.due.passes(61)
        read = [len(committed_values(server, each)) for each in (0, 1)]
        assert read in ([0, 0], [1, 1])
        counted = server.cluster.groups.committed("billing", require_stable=True)
        assert counted == (offsets if read[0] else {})
        logs = [server.cluster.log("orders", each) for each in (0, 1)]
        assert all(log.last_stable_offset == log.end for log in logs)
        seen.add(read[0])
        server.disk.close()
        if left[0] > 0:
            break
    assert left[0] > 0
    assert seen == {0, 1}
