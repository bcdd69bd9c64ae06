"""A service's own state: what it did for which order, under which idempotency key, and what of it
was undone.

A service does one kind of thing (a charge, a reservation, a shipment) and can undo it. A key and
what was done under it are remembered in one step. Undoing under a key that was never used leaves a
*tombstone*: the key is void, so a late request under it does nothing. Otherwise a paused process
could do, after the compensation, what was compensated.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from minibroker.sim.clock import Clock
from minibroker.sim.trace import (
    Compensated,
    Declined,
    Deduplicated,
    SideEffect,
    Trace,
    Voided,
)
from minibroker.sim.values import Value

Record = dict[str, Value]


class KeyConflict(Exception):
    """The key was used for another order, or with another detail."""


class Refused(Exception):
    """The service did not do it, or does not say so; `error` is the client's exception for it."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error = error


@dataclass(frozen=True)
class Trouble:
    """Why something cannot be done for an order before virtual time `until` (microseconds; None:
    never). With `happens` it is done, the answer gets lost, and the trouble is over."""

    error: str
    text: str
    until: int | None = None
    happens: bool = False


@dataclass(frozen=True)
class Offer:
    """What a service does: the kind of side effect, the prefix of its ids, the kind of what undoes
    it, and the client's exception for a key that is void."""

    kind: str
    prefix: str
    undo: str
    voided: str


@dataclass
class _Done:
    record: Record
    undone: bool = False


class ServiceLedger:
    """What one service has done, by order and by key."""

    def __init__(self, clock: Clock, trace: Trace, offer: Offer) -> None:
        self.offer = offer
        self._clock = clock
        self._trace = trace
        self._all: list[_Done] = []
        self._by_key: dict[str, _Done] = {}
        self._void: dict[str, str] = {}
        self._troubles: dict[tuple[str, str], Trouble] = {}

    def trouble(self, order: str, trouble: Trouble | None, undoing: bool = False) -> None:
        """From now on `order` has this trouble here, with what is done or with what undoes it, or
        none any more."""
        kind = self.offer.undo if undoing else self.offer.kind
        self._troubles.pop((kind, order), None)
        if trouble is not None:
            self._troubles[kind, order] = trouble

    def do(self, who: str, order: str, detail: Mapping[str, Value], key: str | None) -> Record:
        """Do it, or give what was done under this key. Raises `KeyConflict`, and `Refused` when
        the key is void or there is trouble."""
        kind = self.offer.kind
        if key is not None and (first := self._by_key.get(key)) is not None:
            self._same(first.record, order, detail, key)
            if first.undone:
                self._refuse_void(who, order, key)
            self._deduplicated(who, kind, order, key)
            return first.record
        if key in self._void:
            self._refuse_void(who, order, str(key))
        lost = self._in_trouble(who, kind, order)
        record: Record = {
            "id": f"{self.offer.prefix}_{len(self._all) + 1}",
            "order": order,
            **detail,
        }
        done = _Done(record)
        self._all.append(done)
        if key is not None:
            self._by_key[key] = done
        self._trace.append(
            SideEffect(at=self._clock.now, who=who, kind=kind, subject=order, detail=dict(detail))
        )
        if lost is not None:
            raise Refused(lost.error, lost.text)
        return record

    def undo(self, who: str, order: str, key: str | None) -> Record | None:
        """Undo what was done under this key, or void the key if nothing was; once, however often
        it is asked for. Without a key undo what was last done for the order, each time anew. Gives
        what was undone, if anything. Raises `KeyConflict`, and `Refused` when there is trouble."""
        done = self._last(order) if key is None else self._by_key.get(key)
        if key is not None:
            named = done.record["order"] if done is not None else self._void.get(key, order)
            if named != order:
                raise KeyConflict(
                    f"idempotency key {key!r} was used for {named!r}, not for {order!r}"
                )
            if key in self._void or (done is not None and done.undone):
                self._deduplicated(who, self.offer.undo, order, key)
                return None if done is None else done.record
        lost = self._in_trouble(who, self.offer.undo, order)
        if done is not None:
            done.undone = True
            self._trace.append(
                Compensated(
                    at=self._clock.now,
                    who=who,
                    kind=self.offer.kind,
                    subject=order,
                    by=self.offer.undo,
                )
            )
        elif key is not None:
            self._void[key] = order
            self._trace.append(
                Voided(at=self._clock.now, who=who, kind=self.offer.kind, subject=order, key=key)
            )
        if lost is not None:
            raise Refused(lost.error, lost.text)
        return None if done is None else done.record

    def all_of(self, order: str) -> list[Record]:
        """All that was done for an order, oldest first, undone or not."""
        return [done.record for done in self._all if done.record["order"] == order]

    def _last(self, order: str) -> _Done | None:
        return next((done for done in self._all[::-1] if done.record["order"] == order), None)

    def _same(self, first: Record, order: str, detail: Mapping[str, Value], key: str) -> None:
        asked: Record = {"order": order, **detail}
        if any(first[name] != value for name, value in asked.items()):
            used = " and ".join([repr(first["order"]), *(f"{first[n]!r} {n}" for n in detail)])
            wanted = " and ".join(map(repr, asked.values()))
            raise KeyConflict(f"idempotency key {key!r} was used for {used}, not for {wanted}")

    def _refuse_void(self, who: str, order: str, key: str) -> None:
        error = self.offer.voided
        self._declined(who, self.offer.kind, order, error)
        raise Refused(
            error,
            f"idempotency key {key!r} is void since the {self.offer.undo} of {order}; nothing is "
            "done under it any more",
        )

    def _in_trouble(self, who: str, kind: str, order: str) -> Trouble | None:
        """Raise for a trouble that lasts; give one that shows only in a lost answer."""
        trouble = self._troubles.get((kind, order))
        if trouble is None:
            return None
        if trouble.happens:
            del self._troubles[kind, order]
            return trouble
        if trouble.until is None or self._clock.now < trouble.until:
            self._declined(who, kind, order, trouble.error)
            raise Refused(trouble.error, trouble.text)
        return None

    def _declined(self, who: str, kind: str, order: str, error: str) -> None:
        self._trace.append(
            Declined(at=self._clock.now, who=who, kind=kind, subject=order, error=error)
        )

    def _deduplicated(self, who: str, kind: str, order: str, key: str) -> None:
        self._trace.append(
            Deduplicated(at=self._clock.now, who=who, kind=kind, subject=order, key=key)
        )
