"""ElectLeaders: let preferred leaders lead, or with some loss any replica at all (KIP-460)."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_PREFERRED, _UNCLEAN = 0, 1


def answer(call: Call) -> Answer:
    """A result for each partition that is named. If none is, all partitions are meant, and those
    that need no election are left out."""
    request, types = call.request, call.types
    kind = getattr(request, "election_type", _PREFERRED)
    try:
        if kind not in (_PREFERRED, _UNCLEAN):
            raise LogError(
                Code.INVALID_REQUEST, f"an election is preferred (0) or unclean (1), not {kind}"
            )
        every = request.topic_partitions is None
        wanted = (
            _all(call) if every else [(t.topic, t.partitions) for t in request.topic_partitions]
        )
    except LogError as error:
        return types.ElectLeadersResponse(error_code=error.code, replica_election_results=())
    results = []
    for topic, numbers in wanted:
        found = [_elected(call, topic, number, kind == _UNCLEAN) for number in numbers]
        if every:
            found = [each for each in found if each.error_code != Code.ELECTION_NOT_NEEDED]
        if found or not every:
            results.append(types.ReplicaElectionResult(topic=topic, partition_result=tuple(found)))
    return types.ElectLeadersResponse(error_code=Code.NONE, replica_election_results=tuple(results))


def _all(call: Call) -> list[tuple[str, range]]:
    return [(name, range(call.cluster.partitions(name))) for name in call.cluster.topics()]


def _elected(call: Call, topic: str, number: int, unclean: bool) -> Any:
    code, words = Code.NONE, None
    try:
        call.cluster.elect_leader(topic, number, unclean=unclean)
    except LogError as error:
        code, words = error.code, error.text
    return call.types.PartitionResult(partition_id=number, error_code=code, error_message=words)
