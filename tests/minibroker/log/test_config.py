import pytest

from minibroker.log import config
from minibroker.log.config import TopicConfig
from minibroker.log.errors import Code, LogError
from minibroker.log.terms import wall_ms
from minibroker.sim.clock import Clock


def test_unset_all_is_as_kafka_4_has_it():
    assert config.parsed({}) == TopicConfig()
    assert config.DEFAULT.max_message_bytes == 1_048_588
    assert config.DEFAULT.retention_ms == 604_800_000
    assert config.DEFAULT.timestamp_after_max_ms == 3_600_000
    assert not config.DEFAULT.compact
    assert config.DEFAULT.delete


def test_every_default_is_the_same_as_text_and_as_read():
    texts = config.described(config.DEFAULT)
    assert config.parsed(texts) == TopicConfig(given=tuple(sorted(texts.items())))


def test_what_was_set_is_read_and_described():
    made = config.parsed({"min.insync.replicas": "2", "message.timestamp.type": "LogAppendTime"})
    assert made.min_insync_replicas == 2
    assert made.append_time
    assert config.described(made)["min.insync.replicas"] == "2"
    assert config.described(made)["retention.ms"] == "604800000"


@pytest.mark.parametrize(
    ("text", "compact", "delete"),
    [
        ("compact", True, False),
        ("delete", False, True),
        ("compact,delete", True, True),
        ("delete, compact", True, True),
        ("", False, False),
    ],
)
def test_a_topic_may_be_compacted_deleted_both_or_neither(text, compact, delete):
    made = config.parsed({"cleanup.policy": text})
    assert (made.compact, made.delete) == (compact, delete)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("retention.ms", "a week", "retention.ms must be a whole number, not 'a week'"),
        ("retention.ms", "-2", "retention.ms must be at least -1, not '-2'"),
        ("segment.bytes", "1000", "segment.bytes must be at least 1048576, not '1000'"),
        ("min.insync.replicas", "0", "min.insync.replicas must be at least 1, not '0'"),
        ("max.message.bytes", str(2**31), "must be at most 2147483647"),
        ("cleanup.policy", "remove", "must be delete, compact or both"),
        ("min.cleanable.dirty.ratio", "2", "must be a number between 0 and 1"),
        ("min.cleanable.dirty.ratio", "half", "must be a number between 0 and 1"),
        ("unclean.leader.election.enable", "yes", "must be true or false"),
        ("message.timestamp.type", "Now", "must be one of CreateTime, LogAppendTime"),
        ("compression.type", "rar", "must be one of"),
        ("internal.segment.bytes", "0", "internal.segment.bytes must be at least 1"),
        ("retention", "1", "there is no topic config 'retention'"),
        ("retention.m", "1", "did you mean retention.ms"),
    ],
)
def test_a_wrong_setting_is_refused_by_a_sentence_that_names_it(name, text, sentence):
    with pytest.raises(LogError, match=sentence) as error:
        config.parsed({name: text})
    assert error.value.code is Code.INVALID_CONFIG


def test_the_shortest_lag_of_compaction_is_not_longer_than_the_longest():
    with pytest.raises(LogError, match=r"min\.compaction\.lag\.ms is 5, which is more than"):
        config.parsed({"min.compaction.lag.ms": "5", "max.compaction.lag.ms": "4"})


def test_a_compacted_topic_closes_segments_in_time_for_its_longest_lag():
    settings = {"max.compaction.lag.ms": "1000"}
    assert config.parsed(settings).longest_segment_ms == 604_800_000
    assert config.parsed(settings | {"cleanup.policy": "compact"}).longest_segment_ms == 1000


def test_the_clock_on_the_wall_starts_on_a_monday_morning_and_follows_the_virtual_one():
    clock = Clock()
    assert wall_ms(clock) == 1_767_603_600_000
    clock.advance(2_500)
    assert wall_ms(clock) == 1_767_603_600_002
