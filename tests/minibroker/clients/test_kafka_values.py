"""What crosses, against the real library's classes and words."""

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition, consistent, fnv1a, murmur2
from hypothesis import given
from hypothesis import strategies as st

from minibroker.agents.kafka_errors import Local
from minibroker.agents.kafka_partitioner import by_key
from minibroker.agents.kafka_texts import TEXTS
from minibroker.clients import kafka_values as values
from minibroker.log.errors import Code


def test_each_local_error_has_the_real_librarys_code() -> None:
    assert {error.name: int(error) for error in Local} == {
        error.name: getattr(KafkaError, f"_{error.name}") for error in Local
    }


def test_each_error_has_the_real_librarys_text() -> None:
    codes = sorted({int(code) for code in [*Local, *Code]})
    assert {code: KafkaError(code).str() for code in codes} == TEXTS


def test_an_error_keeps_its_marks() -> None:
    error = values.error({"code": -144, "text": "why", "fatal": True})
    assert (error.name(), error.str(), error.fatal(), error.retriable()) == (
        "_FENCED", "why", True, False,
    )  # fmt: skip
    assert values.error({"code": 27, "text": "", "abort": True}).txn_requires_abort()


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.integers(-1, 2**31 - 1),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)
def test_group_metadata_are_bytes_that_can_be_read(
    group: str, generation: int, member: str, instance: str | None
) -> None:
    found = values.sent_group(values.group_metadata(group, generation, member, instance))
    assert found == {
        "group": group,
        "generation": generation,
        "member_id": member,
        "instance_id": instance,
    }


def test_what_is_no_group_metadata_is_refused() -> None:
    with pytest.raises(TypeError, match="expected bytes, str found"):
        values.sent_group("billing")
    with pytest.raises(KafkaException):
        values.sent_group(b"billing")


def test_headers_may_be_a_dict_or_pairs() -> None:
    assert values.sent_headers({"a": "b"}) == [["a", b"b"]]
    assert values.sent_headers([("a", b"b"), ("a", None)]) == [["a", b"b"], ["a", None]]
    assert values.sent_headers(None) == []


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ([("a", 3)], "expected header value to be None, binary, or unicode string, not int"),
        ([3], "Headers are expected to be a list of (key, value) tuples"),
        ([["a", "b"]], "Headers are expected to be a list of (key, value) tuples"),
        (3, "expected headers to be dict or list of (key, value) tuples, not int"),
        ((("a", "b"),), "expected headers to be dict or list of (key, value) tuples, not tuple"),
    ],
)
def test_other_headers_are_refused_in_its_words(headers: object, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        values.sent_headers(headers)
    assert str(caught.value) == text


def test_offsets_are_a_list_of_partitions() -> None:
    assert values.sent_offsets([TopicPartition("t", 1, 7, metadata="x")]) == [["t", 1, 7, "x"]]
    for wrong in (TopicPartition("t"), [3]):
        with pytest.raises(TypeError):
            values.sent_offsets(wrong)


@given(st.binary(max_size=40), st.integers(1, 200))
def test_a_key_goes_to_the_partition_that_the_real_partitioners_choose(
    key: bytes, partitions: int
) -> None:
    for name, real in (("consistent", consistent), ("murmur2", murmur2), ("fnv1a", fnv1a)):
        assert by_key(name, key, partitions) == real(key, partitions)
        if key:
            assert by_key(f"{name}_random", key, partitions) == real(key, partitions)


def test_where_a_record_without_key_goes_is_chance_only_where_the_partitioner_says_so() -> None:
    assert by_key("consistent_random", None, 6) is None
    assert by_key("consistent_random", b"", 6) is None
    assert by_key("murmur2_random", None, 6) is None
    assert by_key("murmur2_random", b"", 6) == murmur2(b"", 6)
    assert by_key("murmur2", None, 6) == murmur2(b"", 6)
    assert by_key("random", b"key", 6) is None
