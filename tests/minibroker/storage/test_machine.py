"""Whatever was done, a directory that is opened again has what was flushed last."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minibroker.log.errors import LogError
from minibroker.log.groups import Committed
from tests.minibroker.storage.keeping import Server

TOPICS = st.sampled_from(["orders", "payments"])
KEYS = st.sampled_from("abc")
NAMES = st.sampled_from(["shop", "till"])
CONFIGS = st.sampled_from(
    [
        {"retention.ms": "60000", "internal.segment.bytes": "300"},
        {"internal.segment.bytes": "200", "retention.bytes": "500"},
        {"cleanup.policy": "compact", "internal.segment.bytes": "250",
         "min.cleanable.dirty.ratio": "0.0", "delete.retention.ms": "50000"},
        {"message.timestamp.type": "LogAppendTime"},
    ]
)  # fmt: skip


class Kept(RuleBasedStateMachine):
    """A server that is killed now and then. `flushed` is all that it had at its last flush."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.server = Server(Path(self.directory.name) / "data", fsync="never")
        self.producers = {}
        self.plain = None
        self.flushed = self.all_there_is()

    def teardown(self):
        self.server.disk.abandon()
        self.directory.cleanup()

    # --- what there is ---------------------------------------------------------------------

    def all_there_is(self):
        cluster = self.server.cluster
        logs = {}
        for topic in cluster.topics():
            for number in range(cluster.partitions(topic)):
                log = cluster.log(topic, number)
                producers = {
                    id: (
                        each.epoch,
                        each.last_sequence,
                        each.last_timestamp,
                        [(b.base_offset, b.base_sequence, b.last_delta) for b in each.recent],
                    )
                    for id, each in log.producers.known.items()
                }
                logs[topic, number] = (
                    self.server.written(topic, number),
                    [base for base, _ in log.segments()],
                    (log.start, log.high_watermark, log.end, log.last_stable_offset),
                    producers,
                    log.open_transactions(),
                    log.aborted(log.start, log.end),
                )
        producers = {name: dict(each) for name, each in self.producers.items()}
        return self.server.state(), logs, producers, dict(self.plain or {})

    def on_disk(self):
        """The files' contents, by the partition and the base offset."""
        found = {}
        for path in self.server.directory.glob("*/*.log"):
            topic, _, number = path.parent.name.rpartition("-")
            found[topic, int(number), int(path.stem)] = path.read_bytes()
        return found

    # --- what is done ----------------------------------------------------------------------

    def tried(self, action):
        try:
            return action()
        except LogError:
            return None

    @rule(topic=TOPICS, partitions=st.integers(1, 2), config=CONFIGS)
    def makes(self, topic, partitions, config):
        self.tried(lambda: self.server.cluster.create_topic(topic, partitions, config=config))

    @rule(topic=TOPICS)
    def deletes(self, topic):
        self.tried(lambda: self.server.cluster.delete_topic(topic))

    @rule(topic=TOPICS)
    def grows(self, topic):
        self.tried(lambda: self.server.cluster.add_partitions(topic, 3))

    @rule(topic=TOPICS, config=CONFIGS)
    def configures(self, topic, config):
        self.tried(lambda: self.server.cluster.alter_config(topic, config))

    @rule(topic=TOPICS, partition=st.integers(0, 1), key=KEYS, size=st.integers(0, 120))
    def sends(self, topic, partition, key, size):
        value = "x" * size if size else None
        self.tried(self.server.send(value, topic=topic, partition=partition, key=key).get)

    @rule(topic=TOPICS, key=KEYS, again=st.booleans())
    def sends_idempotently(self, topic, key, again):
        if not self.plain:
            id, epoch = self.server.transactions.init_producer("plain")
            self.plain = {"producer_id": id, "producer_epoch": epoch, "next": {}}
        key_ = f"{topic}"
        number = self.plain["next"].get(key_, 0)
        if again and number:
            number -= 1
        who = {key: self.plain[key] for key in ("producer_id", "producer_epoch")}
        done = self.tried(
            self.server.send("i" * 30, topic=topic, key=key, base_sequence=number, **who).get
        )
        if done is not None:
            self.plain = self.plain | {"next": self.plain["next"] | {key_: number + 1}}

    @rule(name=NAMES)
    def inits(self, name):
        made = self.tried(lambda: self.server.transactions.init_producer("p", name))
        if made is not None:
            self.producers[name] = {"id": made[0], "epoch": made[1], "next": {}}

    def me(self, name):
        known = self.producers[name]
        return "p", name, known["id"], known["epoch"]

    @rule(name=NAMES, topic=TOPICS, partition=st.integers(0, 1), key=KEYS)
    def writes(self, name, topic, partition, key):
        if name not in self.producers:
            return
        known, place = self.producers[name], (topic, partition)
        try:
            self.server.transactions.add_partitions(*self.me(name), [place])
            self.server.send(
                "t" * 40, topic=topic, partition=partition, key=key, transactional=True,
                producer_id=known["id"], producer_epoch=known["epoch"],
                base_sequence=known["next"].get(place, 0),
            ).get()  # fmt: skip
        except LogError:
            return
        known["next"] = known["next"] | {place: known["next"].get(place, 0) + 1}

    @rule(name=NAMES, topic=TOPICS, offset=st.integers(0, 9))
    def commits_in_it(self, name, topic, offset):
        if name in self.producers:
            transactions, me = self.server.transactions, self.me(name)
            self.tried(lambda: transactions.add_offsets(*me, "billing"))
            offsets = {(topic, 0): Committed(offset, "in it")}
            self.tried(lambda: transactions.commit_offsets(*me, "billing", offsets))

    @rule(name=NAMES, commit=st.booleans(), bump=st.booleans())
    def ends(self, name, commit, bump):
        if name in self.producers:
            found = self.tried(
                lambda: self.server.transactions.end(*self.me(name), commit, bump=bump)
            )
            if found is not None and found[1] != self.producers[name]["epoch"]:
                self.producers[name] = {"id": found[0], "epoch": found[1], "next": {}}

    @rule(group=st.sampled_from(["billing", "audit"]), topic=TOPICS, offset=st.integers(0, 9))
    def commits(self, group, topic, offset):
        self.server.cluster.groups.commit("c", group, {(topic, 0): Committed(offset, "ü", 0)})

    @rule(group=st.sampled_from(["billing", "audit"]), topic=TOPICS, all_of_it=st.booleans())
    def forgets(self, group, topic, all_of_it):
        groups = self.server.cluster.groups
        if all_of_it:
            self.tried(lambda: groups.delete(group))
        else:
            self.tried(lambda: groups.delete_offsets(group, [(topic, 0)]))

    @rule(topic=TOPICS, back=st.integers(0, 6))
    def deletes_records(self, topic, back):
        def delete():
            log = self.server.cluster.log(topic, 0)
            self.server.cluster.delete_records(topic, 0, max(log.start, log.end - back))

        self.tried(delete)

    @rule(seconds=st.sampled_from([1, 20, 70, 310]))
    def time_passes(self, seconds):
        self.server.due.passes(seconds)
        self.flushed = self.all_there_is() if not self.server.disk.needs_flush else self.flushed
        for topic in self.server.cluster.topics():
            for number in range(self.server.cluster.partitions(topic)):
                log = self.server.cluster.log(topic, number)
                self.server.cluster.fetch(topic, number, log.end)

    @rule()
    def flushes(self):
        self.server.disk.flush()
        self.flushed = self.all_there_is()

    @rule(clean=st.booleans())
    def is_killed(self, clean):
        if clean:
            self.server.disk.close()
            self.flushed = self.all_there_is()
            self.server.now = self.server.clock.now
            self.server.starts()
        else:
            self.server.restarts()
        self.producers = {name: dict(each) for name, each in self.flushed[2].items()}
        self.plain = dict(self.flushed[3])
        assert self.all_there_is() == self.flushed

    @precondition(lambda self: not self.server.disk.needs_flush)
    @invariant()
    def files_are_as_the_logs(self):
        expected = {}
        for topic in self.server.cluster.topics():
            for number in range(self.server.cluster.partitions(topic)):
                for base, batches in self.server.cluster.log(topic, number).segments():
                    expected[topic, number, base] = b"".join(map(self.server.as_written, batches))
        assert self.on_disk() == expected


Kept.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestKept = Kept.TestCase
