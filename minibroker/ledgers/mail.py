"""The mail gateway's own state: what was sent, and the idempotency keys it came under."""

from minibroker.sim.clock import Clock
from minibroker.sim.trace import Deduplicated, SideEffect, Trace
from minibroker.sim.values import Value


class KeyUsed(Exception):
    """The key was used for a message about another order."""


class MailLedger:
    """E-mails by the order they are about. A key and its message are remembered in one step."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        self._clock = clock
        self._trace = trace
        self._sent: list[dict[str, Value]] = []
        self._by_key: dict[str, dict[str, Value]] = {}

    def send(self, who: str, order: str, text: str, key: str | None) -> dict[str, Value]:
        """Send, or give what was sent under this key. Raises `KeyUsed`."""
        if key is not None and (first := self._by_key.get(key)) is not None:
            if first["order"] != order:
                raise KeyUsed(
                    f"idempotency key {key!r} was used for {first['order']!r}, not for {order!r}"
                )
            self._trace.append(
                Deduplicated(at=self._clock.now, who=who, kind="email", subject=order, key=key)
            )
            return first
        sent: dict[str, Value] = {"id": f"em_{len(self._sent) + 1}", "order": order, "text": text}
        self._sent.append(sent)
        if key is not None:
            self._by_key[key] = sent
        self._trace.append(SideEffect(at=self._clock.now, who=who, kind="email", subject=order))
        return sent
