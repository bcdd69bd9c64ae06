"""Exchanges and bindings, as clients make and unmake them; routing is in `routing`.

What is to be there again after a restart is told to the keeper; what waits for its dead-letter
targets is tried again, for any change here may let it succeed.
"""

from collections.abc import Callable, Mapping

from minibroker.queues.exchange import DEFAULT, Exchange, Target
from minibroker.queues.flow import Flow
from minibroker.queues.queue import Queue
from minibroker.queues.routing import Exchanges
from minibroker.sim.values import Value

NOTHING: Mapping[str, Value] = {}


class Bindings:
    """`usable(name, connection, what)` gives a queue with which the connection may do this, or
    refuses."""

    def __init__(
        self,
        flow: Flow,
        queues: Mapping[str, Queue],
        exchanges: Exchanges,
        usable: Callable[[str, object, str], Queue],
    ) -> None:
        self._flow = flow
        self._queues = queues
        self._exchanges = exchanges
        self._usable = usable

    def declare_exchange(
        self,
        name: str,
        durable: bool = False,
        passive: bool = False,
        kind: str = "direct",
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Mapping[str, Value] = NOTHING,
    ) -> bool:
        """Make an exchange, or find it. Gives whether it was made."""
        if passive:
            self._exchanges.look(name)
            return False
        wanted = Exchange(name, kind, durable, auto_delete, internal, dict(arguments))
        if name not in self._exchanges:
            self._check_store(
                f"failed to declare exchange '{name}' in vhost '/' because the operation timed out"
            )
        made = self._exchanges.declare(wanted)
        if made and durable and self._flow.keeper is not None:
            self._flow.keeper.exchange_made(wanted)
        self._flow.try_again()
        return made

    def delete_exchange(self, name: str, if_unused: bool = False) -> bool:
        """Delete an exchange, if there is one. Gives whether there was."""
        if name in self._exchanges:
            self._check_store(f"failed to delete exchange '{name}' in vhost '/' due to a timeout")
        gone = self._exchanges.delete(name, if_unused)
        if gone and self._flow.keeper is not None:
            self._flow.keeper.exchange_gone(name)
        self._flow.try_again()
        return gone

    def bind(
        self,
        queue: str,
        exchange: str,
        routing_key: str,
        arguments: Mapping[str, Value] = NOTHING,
        connection: object = None,
    ) -> bool:
        """Let the exchange put messages with this routing key into the queue. Gives whether
        anything changed."""
        return self._bind(("queue", queue), exchange, routing_key, arguments, connection)

    def bind_exchange(
        self,
        destination: str,
        source: str,
        routing_key: str,
        arguments: Mapping[str, Value] = NOTHING,
    ) -> bool:
        """Let one exchange pass messages on to another. Gives whether anything changed."""
        return self._bind(("exchange", destination), source, routing_key, arguments, None)

    def _bind(
        self,
        target: Target,
        source: str,
        routing_key: str,
        arguments: Mapping[str, Value],
        connection: object,
    ) -> bool:
        if target[0] == "queue" and source != DEFAULT:
            self._usable(target[1], connection, "bind")
        self._check_store("Could not add binding due to timeout")
        changed = self._exchanges.bind(target, source, routing_key, arguments)
        if changed and self._flow.keeper is not None and self._lasts(target, source):
            self._flow.keeper.bound(target, source, routing_key, arguments)
        self._flow.try_again()
        return changed

    def unbind(
        self,
        target: Target,
        source: str,
        routing_key: str,
        arguments: Mapping[str, Value] = NOTHING,
    ) -> bool:
        """Take a binding away, if there is one. Gives whether there was."""
        self._check_store("Could not remove binding due to timeout")
        lasts = self._flow.keeper is not None and self._lasts(target, source)
        gone = self._exchanges.unbind(target, source, routing_key, arguments)
        if gone and lasts and self._flow.keeper is not None:
            self._flow.keeper.unbound(target, source, routing_key, arguments)
        self._flow.try_again()
        return gone

    def _check_store(self, refusal: str) -> None:
        """In a cluster it takes a majority of the nodes to change anything here."""
        if self._flow.cluster is not None:
            self._flow.cluster.nodes.check_store(refusal)

    def _lasts(self, target: Target, source: str) -> bool:
        """Whether a binding is there after a restart: both its ends are."""
        kind, name = target
        if kind == "queue":
            end = self._queues.get(name)
            lasts = end is not None and end.durable
        else:
            lasts = name in self._exchanges and self._exchanges.find(name).durable
        return lasts and source in self._exchanges and self._exchanges.find(source).durable
