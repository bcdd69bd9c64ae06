import pytest

from minibroker.log.config import SETTINGS, Kind, kind
from minibroker.log.config_changes import Change, Operation, changed
from minibroker.log.errors import Code
from tests.minibroker.log.making import refused

SET, DELETE, APPEND, SUBTRACT = Operation


@pytest.mark.parametrize(
    ("given", "operation", "value", "after"),
    [
        ({}, SET, "compact", "compact"),
        ({"cleanup.policy": "compact"}, DELETE, None, None),
        ({}, APPEND, "compact", "delete,compact"),
        ({"cleanup.policy": "compact"}, APPEND, "compact", "compact"),
        ({"cleanup.policy": "compact, delete"}, SUBTRACT, "delete", "compact"),
        ({}, SUBTRACT, "delete", ""),
        ({"cleanup.policy": "compact"}, SUBTRACT, "delete", "compact"),
    ],
)
def test_a_list_is_set_or_grows_or_shrinks(given, operation, value, after):
    assert changed(given, [Change("cleanup.policy", operation, value)]) == {"cleanup.policy": after}


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ([Change("retention.ms", APPEND, "1")], Code.INVALID_CONFIG, "is no list"),
        ([Change("clean.policy", SUBTRACT, "a")], Code.INVALID_CONFIG, "mean cleanup.policy"),
        ([Change("retention.ms", SET, None)], Code.INVALID_REQUEST, "has no value"),
        ([Change("retention.ms", 4, "1")], Code.INVALID_REQUEST, "not 4"),
        ([Change("retention.ms", DELETE, None)] * 2, Code.INVALID_REQUEST, "twice"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, code, sentence):
    with refused(code, sentence):
        changed({}, changes)


def test_each_setting_has_a_kind():
    kinds = {name: kind(name) for name in SETTINGS}
    assert kinds["max.message.bytes"] is kinds["compression.lz4.level"] is Kind.INT
    assert kinds["retention.bytes"] is Kind.LONG
    assert kinds["preallocate"] is Kind.BOOLEAN
    assert kinds["min.cleanable.dirty.ratio"] is Kind.DOUBLE
    assert kinds["leader.replication.throttled.replicas"] is Kind.LIST
    assert kinds["message.timestamp.type"] is Kind.STRING
