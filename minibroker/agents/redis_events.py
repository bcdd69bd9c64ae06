"""What commands did to the streams and lists of a Redis, told as events of the trace.

fakeredis tells nobody what it did, so after each command its data are compared with what was seen
before. A stream's entry is one message, with one copy for each consumer group, named
``orders for billing``; while no group reads the stream it is one copy, named by the stream. A
list's element is a message with one copy, named by the list.

- An entry is added: `Published`. A group is made, or set to another place: `GroupPlaced`.
- An entry comes to a consumer's pending entries, or is handed out again: `Delivered`, with its
  delivery count as the attempt. XACK settles it (``acked``), NOACK at once (``auto-acked``).
- What is trimmed or deleted goes from every group that was not done with it, pending or not
  (redis.io, XTRIM: without ACKED it asks no group): `Settled` as ``trimmed`` or ``removed``.
- A pop hands an element out and forgets it in one step (``auto-acked``). A move hands it out and
  puts it into another list (``moved``, `Published` there, `Delivered`).

Nothing is given back when a consumer dies: what it had stays pending under its name.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fakeredis.model import XStream

from minibroker.agents.redis_names import body, lane, text
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Delivered, GroupPlaced, Published, Settled, Trace

TRIMS = frozenset({"xadd", "xtrim"})
POPS = frozenset({"lpop", "rpop", "blpop", "brpop", "lmpop", "blmpop"})
MOVES = frozenset({"lmove", "blmove", "rpoplpush", "brpoplpush"})


@dataclass
class _Group:
    read: Any
    pending: dict[Any, Any] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    """The messages that this group is not done with."""


@dataclass
class _Stream:
    entries: dict[Any, int] = field(default_factory=dict)
    groups: dict[bytes, _Group] = field(default_factory=dict)
    alone: set[int] = field(default_factory=set)
    """The messages that no group has been there for."""


class Sightings:
    """What has been seen of one database."""

    def __init__(self, database: Any, clock: Clock, trace: Trace) -> None:
        self._database = database
        self._clock = clock
        self._trace = trace
        self._streams: dict[bytes, _Stream] = {}
        self._lists: dict[bytes, list[tuple[bytes, int]]] = {}

    @property
    def seen(self) -> int:
        """Grows with what is seen."""
        return len(self._trace)

    def look(self, who: str, command: str) -> None:
        """See what `command` of `who` has changed."""
        items = self._database._dict
        if not (items or self._streams or self._lists):
            return
        streams, lists = {}, {}
        for key, item in items.items():
            if isinstance(item.value, XStream):
                streams[key] = item.value
            elif isinstance(item.value, list):
                lists[key] = item.value
        for key in [*self._streams.keys() - streams.keys()]:
            self._stream_gone(who, key)
        for key, stream in streams.items():
            self._stream(who, command, key, stream)
        if lists or self._lists:
            self._look_at_lists(who, command, lists)

    def message(self, stream: bytes, entry: str) -> int:
        """The number of an entry, by its id."""
        for key, number in self._streams[stream].entries.items():
            if key.encode().decode() == entry:
                return number
        raise KeyError(entry)

    # --- streams -------------------------------------------------------------------------------

    def _stream(self, who: str, command: str, key: bytes, stream: XStream) -> None:
        known = self._streams.setdefault(key, _Stream())
        ids = stream._ids
        for name in known.groups.keys() - stream._groups.keys():
            self._leave(who, lane(key, name), known.groups.pop(name).waiting, "removed")
        added = [each for each in ids if each not in known.entries]
        for entry in added:
            self._added(who, key, stream, known, entry)
        for name, group in stream._groups.items():
            place = known.groups.get(name)
            if place is None or group.last_delivered_key < place.read:
                self._placed(who, key, name, known, group)
            else:
                self._read(who, command, key, name, known, group)
        if len(ids) != len(known.entries):
            there = set(ids)
            for entry in [each for each in known.entries if each not in there]:
                how = "trimmed" if command in TRIMS else "removed"
                self._removed(who, key, known, known.entries.pop(entry), how)

    def _added(self, who: str, key: bytes, stream: XStream, known: _Stream, entry: Any) -> None:
        number = known.entries[entry] = self._trace.new_message()
        groups = [name for name in known.groups if entry > known.groups[name].read]
        queues = [lane(key, name) for name in groups]
        for name in groups:
            known.groups[name].waiting.add(number)
        if not known.groups:
            queues = [text(key)]
            known.alone.add(number)
        self._trace.append(
            Published(
                at=self._clock.now,
                who=who,
                message=number,
                exchange="",
                routing_key=text(key),
                queues=queues,
                body=body(stream._values_dict[entry]),
            )
        )

    def _placed(self, who: str, key: bytes, name: bytes, known: _Stream, group: Any) -> None:
        """A group that is new, or was set back."""
        place = known.groups.setdefault(name, _Group(group.last_delivered_key))
        place.read = group.last_delivered_key
        place.pending = dict(group.pel)
        numbers = [each for entry, each in known.entries.items() if entry > place.read]
        place.waiting.update(numbers)
        known.alone.difference_update(numbers)
        self._trace.append(
            GroupPlaced(
                at=self._clock.now,
                who=who,
                stream=text(key),
                group=text(name),
                queue=lane(key, name),
                messages=[*numbers],
            )
        )

    def _read(
        self, who: str, command: str, key: bytes, name: bytes, known: _Stream, group: Any
    ) -> None:
        """What has come to the pending entries of a group, and what has left them."""
        place, queue, pending = known.groups[name], lane(key, name), group.pel
        passed: list[Any] = []
        if place.read != group.last_delivered_key:
            came = [e for e in known.entries if place.read < e <= group.last_delivered_key]
            passed = [entry for entry in came if entry not in pending]
            place.read = group.last_delivered_key
        for entry in passed:
            if command == "xreadgroup":
                self._delivered(who, queue, known.entries[entry], 1)
                self._leave(who, queue, {known.entries[entry]}, "auto-acked")
            else:
                self._leave(who, queue, {known.entries[entry]}, "skipped")
            place.waiting.discard(known.entries[entry])
        if pending == place.pending:
            return
        before, place.pending = place.pending, dict(pending)
        for entry in sorted(pending):
            if pending[entry] != before.get(entry) and entry in known.entries:
                self._delivered(who, queue, known.entries[entry], pending[entry].times_delivered)
        for entry in sorted(before.keys() - pending.keys()):
            number = known.entries.get(entry)
            if number in place.waiting:
                place.waiting.discard(number)
                how = "acked" if command in ("xack", "xackdel") else "abandoned"
                self._leave(who, queue, {number}, how)

    def _removed(self, who: str, key: bytes, known: _Stream, number: int, how: str) -> None:
        for name, place in known.groups.items():
            if number in place.waiting:
                place.waiting.discard(number)
                self._leave(who, lane(key, name), {number}, how)
        if number in known.alone:
            known.alone.discard(number)
            self._leave(who, text(key), {number}, how)

    def _stream_gone(self, who: str, key: bytes) -> None:
        known = self._streams.pop(key)
        for name, place in known.groups.items():
            self._leave(who, lane(key, name), place.waiting, "removed")
        self._leave(who, text(key), known.alone, "removed")

    # --- lists ---------------------------------------------------------------------------------

    def _look_at_lists(self, who: str, command: str, lists: dict[bytes, list[bytes]]) -> None:
        moving: dict[bytes, list[int]] = {}
        grown: list[tuple[bytes, list[bytes]]] = []
        for key in sorted(self._lists.keys() | lists.keys()):
            before, now = self._lists.get(key, []), lists.get(key, [])
            if [value for value, _ in before] == now:
                continue
            left = Counter(value for value, _ in before) - Counter(now)
            for value, number in before if command not in ("rpop", "brpop") else before[::-1]:
                if left[value] > 0:
                    left[value] -= 1
                    self._popped(who, command, text(key), number)
                    moving.setdefault(value, []).append(number)
            grown.append((key, now))
        for key, now in grown:
            kept = list(self._lists.pop(key, []))
            gone = {number for numbers in moving.values() for number in numbers}
            kept = [pair for pair in kept if pair[1] not in gone]
            self._lists[key] = [
                (value, self._element(who, command, key, value, kept, moving)) for value in now
            ]
            if not now:
                del self._lists[key]

    def _popped(self, who: str, command: str, queue: str, number: int) -> None:
        if command in POPS:
            self._delivered(who, queue, number, 1)
            self._leave(who, queue, {number}, "auto-acked")
        else:
            self._leave(who, queue, {number}, "moved" if command in MOVES else "removed")

    def _element(
        self,
        who: str,
        command: str,
        key: bytes,
        value: bytes,
        kept: list[tuple[bytes, int]],
        moving: dict[bytes, list[int]],
    ) -> int:
        for index, (known, number) in enumerate(kept):
            if known == value:
                del kept[index]
                return number
        waiting = moving.get(value) if command in MOVES else None
        moved = waiting.pop() if waiting else None
        number = self._trace.new_message() if moved is None else moved
        self._trace.append(
            Published(
                at=self._clock.now,
                who=who,
                message=number,
                exchange="",
                routing_key=text(key),
                queues=[text(key)],
                body=value,
            )
        )
        if moved is not None:  # it is handed to who has moved it, too
            self._delivered(who, text(key), number, 1)
        return number

    # --- events --------------------------------------------------------------------------------

    def _delivered(self, who: str, queue: str, number: int, attempt: int) -> None:
        self._trace.append(
            Delivered(
                at=self._clock.now,
                who=who,
                queue=queue,
                message=number,
                tag=0,
                attempt=attempt,
                redelivered=attempt > 1,
            )
        )

    def _leave(self, who: str, queue: str, numbers: set[int], how: str) -> None:
        for number in sorted(numbers):
            self._trace.append(
                Settled(at=self._clock.now, who=who, queue=queue, message=number, how=how)
            )
