"""A service that takes its time: what it did is done at once, and its answer comes later."""

from minibroker.sim.agent import Agent, Wait
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Answer, Caller, Reply
from minibroker.sim.values import Value


class Slow:
    """Another agent whose answers take `span` microseconds. A refusal does not."""

    def __init__(self, agent: Agent, clock: Clock, span: int) -> None:
        self._agent, self._clock, self._span = agent, clock, span
        self.lost, self.silent = agent.lost, agent.silent
        self.broken, self.again = agent.broken, agent.again

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        """Answer one effect, later."""
        reply = self._agent.request(caller, op, args)
        if not isinstance(reply, Answer):
            return reply
        return Wait(lambda: None, self._clock.now + self._span, reply)
