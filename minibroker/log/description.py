"""Consumer groups as an operator is shown them (DescribeGroups, ConsumerGroupDescribe)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """A member: `metadata` is what it told when it joined, `assignment` what it was given, `host`
    where its client is, empty if nobody said. In a group of the newer protocol it has an `epoch` of
    its own and a `target`, what it is to be given in the end."""

    member_id: str
    instance_id: str | None
    who: str
    metadata: object
    assignment: object
    host: str = ""
    epoch: int = -1
    target: object = None


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group. `state` is ``Dead`` for one that there is not; `protocol` is the strategy by which
    partitions are assigned, `generation` the epoch of a group of the newer protocol. It is
    `modern` if it is of that one (KIP-848)."""

    group: str
    state: str
    protocol_type: str
    protocol: str
    generation: int
    members: list[MemberInfo]
    modern: bool = False
