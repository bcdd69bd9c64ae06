"""Answers the clock: a sleep is a wait for a moment that nothing else can hasten."""

from minibroker.sim.agent import Wait, no_such
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.values import Value


class ClockAgent:
    """``sleep(seconds)``: the answer comes when the time has passed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        """Answer one effect."""
        span = args.get("seconds")
        if op != "sleep":
            return no_such("clock", op)
        if not isinstance(span, int | float) or not 0 <= span < 10**9:
            return Refusal("ValueError", "sleep takes a number of seconds, not negative")
        return Wait(lambda: None, self._clock.now + seconds(span), Answer(None, did="idle"))

    def lost(self, caller: Caller) -> None:
        """A sleeper leaves nothing behind."""

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """A sleeper is silent by itself."""

    def broken(
        self, caller: Caller, op: str, args: dict[str, Value], happened: bool
    ) -> Refusal | None:
        """A clock does not fail."""
        return None

    def again(self, caller: Caller, op: str, args: dict[str, Value], reply: Reply) -> bool:
        """Time hands out nothing."""
        return False
