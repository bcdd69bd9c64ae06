"""Whatever a crash leaves of the last writes, what is recovered is a prefix of whole batches."""

import logging
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibroker.storage.files import Files
from minibroker.storage.journal_file import JournalFile
from minibroker.storage.scanning import scanned
from tests.minibroker.storage.keeping import Server

CONFIG = {"internal.segment.bytes": "400"}


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data")
    server.cluster.create_topic("orders", config=CONFIG)
    server.disk.flush()
    yield server
    server.disk.abandon()


@cache
def some_batches():
    """A segment's batches as bytes, of several kinds; made once."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory) / "data")
        server.cluster.create_topic("orders")
        server.send("first", key="a")
        producer, epoch = server.transactions.init_producer("p", "shop")
        server.transactions.add_partitions("p", "shop", producer, epoch, [("orders", 0)])
        who = {"producer_id": producer, "producer_epoch": epoch, "transactional": True}
        server.send("paid", "shipped", base_sequence=0, **who)
        server.transactions.end("p", "shop", producer, epoch, commit=True)
        server.send("x" * 40, "y", None, key="b")
        written = server.written()
        server.disk.abandon()
    return written


@given(st.data())
def test_any_cut_gives_a_prefix_of_whole_batches(data):
    batches = some_batches()
    whole = b"".join(batches)
    at = data.draw(st.integers(0, len(whole)))
    found = scanned(whole[:at], 0, below=None, epochs=[(0, 0)])
    ends = [sum(map(len, batches[:count])) for count in range(len(batches) + 1)]
    assert found.good == max(end for end in ends if end <= at)
    assert len(found.batches) == ends.index(found.good)
    assert bool(found.wrong) == (found.good < at)


@settings(max_examples=300)
@given(st.data())
def test_any_flipped_byte_of_the_last_batch_gives_all_but_the_last(data):
    batches = some_batches()
    last = data.draw(st.integers(1, len(batches)))
    whole = bytearray(b"".join(batches[:last]))
    begins = len(whole) - len(batches[last - 1])
    at = data.draw(st.integers(begins, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    found = scanned(bytes(whole), 0, below=None, epochs=[(0, 0)])
    assert found.good == begins
    assert len(found.batches) == last - 1
    assert found.wrong


@given(st.data(), st.binary(min_size=1, max_size=200))
def test_any_rubbish_after_the_end_is_cut(data, rubbish):
    whole = b"".join(some_batches())
    zeros = data.draw(st.booleans())
    found = scanned(
        whole + (bytes(len(rubbish)) if zeros else rubbish), 0, below=None, epochs=[(0, 0)]
    )
    assert found.good == len(whole)


def test_a_torn_tail_is_cut_from_its_file_and_told(server, caplog):
    for number in range(3):
        server.send(str(number))
    server.disk.flush()
    kept = server.written()
    size = server.file().stat().st_size
    server.dies()
    with server.file().open("ab") as file:
        file.write(kept[0][:33])
    with caplog.at_level(logging.WARNING):
        server.starts()
    assert server.written() == kept
    assert server.file().stat().st_size == size
    assert f"33 bytes were cut off the end of {server.file()}: " in caplog.text
    assert server.send("3").get().base_offset == 3


def test_damage_before_whole_batches_is_told_and_what_followed_is_laid_beside(server, caplog):
    for number in range(12):
        server.send("x" * 50, str(number))
    server.disk.flush()
    bases = [base for base, _ in server.cluster.log("orders", 0).segments()]
    assert len(bases) > 2
    before = server.written()
    path = server.file(bases[1])
    server.dies()
    data = bytearray(path.read_bytes())
    data[70] ^= 1
    path.write_bytes(data)
    server.starts()
    held = server.written()
    assert held == before[: len(held)]
    assert len(held) == bases[1] // 2
    assert "is damaged in the middle, at byte 0" in caplog.text
    beside = sorted(each.name for each in path.parent.glob("*.damaged*"))
    assert beside[0] == f"{path.name}.damaged-0"
    assert len(beside) == len(bases) - 1
    assert (path.parent / beside[0]).read_bytes() == bytes(data)
    server.send("on")
    server.disk.flush()
    again = server.written()
    caplog.clear()
    server.restarts()
    assert server.written() == again
    assert not caplog.records


def test_a_log_that_lost_its_end_takes_the_lost_batches_again(server):
    producer, epoch = server.transactions.init_producer("p")
    who = {"producer_id": producer, "producer_epoch": epoch}
    for number in range(3):
        server.send("x" * 200, base_sequence=number, **who)
    server.disk.flush()
    bases = [base for base, _ in server.cluster.log("orders", 0).segments()]
    server.dies()
    server.file(bases[-1]).write_bytes(b"")
    server.starts()
    again = server.send("x" * 200, base_sequence=2, **who).get()
    assert again.base_offset == 2
    assert server.cluster.fetch("orders", 0, 0).high_watermark == 3


def test_a_log_that_ends_before_its_start_starts_anew_there(server):
    for number in range(6):
        server.send("x" * 50, str(number))
    server.disk.flush()
    server.cluster.delete_records("orders", 0, 11)
    server.disk.flush()
    assert server.cluster.log("orders", 0).bounds()[0] < 11
    server.dies()
    for path in (server.directory / "orders-0").glob("*.log"):
        path.write_bytes(path.read_bytes()[:-1])
    server.starts()
    assert server.cluster.offset_for("orders", 0, -2) == (11, -1)
    assert server.send("on").get().base_offset == 11
    server.disk.flush()
    server.restarts()
    assert server.cluster.log("orders", 0).end == 12


# --- the journal ------------------------------------------------------------------------------


@given(st.lists(st.integers(), max_size=6), st.data())
def test_any_cut_of_a_journal_gives_a_prefix_of_whole_lines(tmp_path_factory, numbers, data):
    path = tmp_path_factory.mktemp("journal") / "journal"
    files = Files()
    journal = JournalFile(path, files)
    ends = [0]
    for number in numbers:
        journal.append([{"is": "a"}, {"is": number}])
        ends.append(journal.size)
    files.close()
    whole = path.read_bytes() if numbers else b""
    at = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:at])
    found = JournalFile(path, Files()).read()
    good = max(end for end in ends if end <= at)
    assert [each["is"] for each in found if each["is"] != "a"] == numbers[: ends.index(good)]
    assert path.stat().st_size == good


@settings(max_examples=200)
@given(st.data())
def test_any_flipped_byte_of_a_journal_leaves_out_a_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("journal") / "journal"
    journal = JournalFile(path, Files())
    ends = []
    for number in range(4):
        journal.append([{"is": number}])
        ends.append(journal.size)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    found = [each["is"] for each in JournalFile(path, Files()).read()]
    line = next(number for number, end in enumerate(ends) if at < end)
    # A line's end that is gone takes the next line with it.
    assert found in (
        [each for each in range(4) if each != line],
        [each for each in range(4) if each not in (line, line + 1)],
    )


def test_a_torn_journal_is_cut_and_told_and_the_cluster_goes_on(server, caplog):
    server.cluster.create_topic("first")
    server.disk.flush()
    server.cluster.create_topic("second")
    server.disk.flush()
    journal = server.directory / "journal"
    server.dies()
    journal.write_bytes(journal.read_bytes()[:-5])
    server.starts()
    assert server.cluster.topics() == ["orders", "first"]
    assert f"bytes were cut off the end of {journal}" in caplog.text
    # nothing of it is deleted
    assert (server.directory / "second-0.0-stray").is_dir()
    server.cluster.create_topic("second")
    server.disk.flush()
    server.restarts()
    assert server.cluster.topics() == ["orders", "first", "second"]


def test_a_journal_damaged_in_the_middle_is_told_copied_and_read_on(server, caplog):
    server.cluster.create_topic("first")
    server.disk.flush()
    server.cluster.create_topic("second")
    server.disk.flush()
    journal = server.directory / "journal"
    server.dies()
    data = journal.read_bytes()
    assert data.count(b'"first"') == 1
    journal.write_bytes(data.replace(b'"first"', b'"furst"'))
    server.starts()
    assert server.cluster.topics() == ["orders", "second"]
    assert "is damaged in the middle, at byte" in caplog.text
    (copy,) = server.directory.glob("journal.damaged-*")
    assert b'"furst"' in copy.read_bytes()


def test_a_long_journal_is_written_anew_and_says_the_same(server, monkeypatch):
    from minibroker.log.groups import Committed

    monkeypatch.setattr("minibroker.storage.disk.LARGE", 2000)
    sizes = []
    for number in range(300):
        server.cluster.groups.commit("c", "billing", {("orders", 0): Committed(number, "m")})
        server.disk.flush()
        sizes.append((server.directory / "journal").stat().st_size)
    assert max(sizes) < 12_000
    assert sum(after < before for before, after in pairwise(sizes)) > 2
    state = server.state()
    server.restarts()
    assert server.state() == state
    assert server.cluster.groups.committed("billing")[("orders", 0)].offset == 299
