"""All exchanges of a broker: made, bound, deleted, and the way of a message through them.

A message follows bindings from exchange to exchange, each once, so cycles end; a queue that is
reached twice gets one copy. An exchange none of whose bindings lets the message through passes it
to its alternate exchange (RabbitMQ, "Exchange to Exchange Bindings", "Alternate Exchanges").
"""

from collections.abc import Container, Iterable, Iterator, Mapping

from minibroker.queues import headers as header_arguments
from minibroker.queues import terms
from minibroker.queues.errors import AccessRefused, NotFound, PreconditionFailed
from minibroker.queues.exchange import DEFAULT, WAYS, Exchange, Target
from minibroker.sim.values import Value

PREDECLARED = {
    "amq.direct": "direct",
    "amq.fanout": "fanout",
    "amq.topic": "topic",
    "amq.headers": "headers",
    "amq.match": "headers",
}


class Exchanges:
    """The exchanges of one virtual host, ``/``. `queues` holds the names of its queues."""

    def __init__(self, queues: Container[str]) -> None:
        self._queues = queues
        self._named = {
            name: Exchange(name, kind, durable=True) for name, kind in PREDECLARED.items()
        }

    def __contains__(self, name: str) -> bool:
        return name == DEFAULT or name in self._named

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._named.values())

    def find(self, name: str) -> Exchange:
        """The exchange of that name, or `NotFound`."""
        try:
            return self._named[name]
        except KeyError:
            raise NotFound(f"NOT_FOUND - no exchange '{name}' in vhost '/'") from None

    def check_open(self, name: str) -> None:
        """Refuse to publish to an exchange that is not there, or to an internal one."""
        if self.find(name).internal:
            raise AccessRefused(
                f"ACCESS_REFUSED - cannot publish to internal exchange '{name}' in vhost '/'"
            )

    def declare(self, wanted: Exchange) -> bool:
        """Make an exchange, or find one like it. Gives whether it was made."""
        if wanted.kind not in WAYS:
            raise PreconditionFailed(f"PRECONDITION_FAILED - unknown exchange type '{wanted.kind}'")
        _refuse_default(wanted.name)
        found = self._named.get(wanted.name)
        if found is not None:
            _compare(found, wanted)
            return False
        if wanted.name.startswith("amq."):
            raise AccessRefused(
                f"ACCESS_REFUSED - exchange name '{wanted.name}' contains reserved prefix 'amq.*'"
            )
        alternate = wanted.arguments.get("alternate-exchange")
        if not isinstance(alternate, str) and "alternate-exchange" in wanted.arguments:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - invalid type '{terms.kind(alternate)}' for arg "
                f"'alternate-exchange' in exchange '{wanted.name}' in vhost '/'"
            )
        self._named[wanted.name] = wanted
        return True

    def look(self, name: str) -> None:
        """A passive declaration: `NotFound` when there is none."""
        _refuse_default(name)
        self.find(name)

    def delete(self, name: str, if_unused: bool) -> bool:
        """Delete an exchange and the bindings from and to it. Gives whether there was one."""
        _refuse_default(name)
        if name.startswith("amq."):
            raise AccessRefused(
                f"ACCESS_REFUSED - deletion of system exchange '{name}' in vhost '/' not allowed"
            )
        found = self._named.get(name)
        if found is None:
            return False
        if if_unused and found.bindings:
            raise PreconditionFailed(f"PRECONDITION_FAILED - exchange '{name}' in vhost '/' in use")
        del self._named[name]
        self.forget(("exchange", name))
        return True

    def forget_transient(self) -> None:
        """Delete the exchanges that are not durable, with the bindings from and to them."""
        for name, exchange in list(self._named.items()):
            if not exchange.durable and name in self._named:
                del self._named[name]
                self.forget(("exchange", name))

    def bind(
        self, target: Target, source: str, routing_key: str, arguments: Mapping[str, Value]
    ) -> bool:
        """Let an exchange put messages into the target. Gives whether anything changed."""
        exchange = self._ends(target, source)
        if exchange.kind == "headers":
            _check_x_match(arguments)
        return exchange.bind(target, routing_key, arguments)

    def unbind(
        self, target: Target, source: str, routing_key: str, arguments: Mapping[str, Value]
    ) -> bool:
        """Take a binding away; none there is no error. Gives whether anything changed."""
        _refuse_default(source)
        exchange = self._named.get(source)
        wanted = (target, routing_key, dict(arguments))
        for binding in exchange.bindings if exchange is not None else ():
            if (binding.target, binding.routing_key, binding.arguments) == wanted:
                assert exchange is not None
                exchange.unbind(binding)
                self._drop_unused(exchange)
                return True
        return False

    def forget(self, target: Target) -> None:
        """Take away all bindings to what is deleted."""
        for exchange in list(self._named.values()):
            gone = [binding for binding in exchange.bindings if binding.target == target]
            for binding in gone:
                exchange.unbind(binding)
            if gone:
                self._drop_unused(exchange)

    def route(self, exchange: str, routing_key: str, headers: Mapping[str, Value]) -> list[str]:
        """The queues that a message goes to, in the order in which it reaches them. An exchange
        that does not exist leads nowhere."""
        reached: dict[str, None] = {}
        way, seen = [exchange], {exchange}
        for name in way:
            if name == DEFAULT:
                if routing_key in self._queues:
                    reached[routing_key] = None
                continue
            here = self._named.get(name)
            if here is None:
                continue
            targets = here.targets(routing_key, headers)
            if not targets and (alternate := here.alternate) is not None:
                targets = [("exchange", alternate)]
            for kind, target in targets:
                if kind == "queue":
                    reached[target] = None
                elif target not in seen:
                    seen.add(target)
                    way.append(target)
        return list(reached)

    def route_all(
        self, exchange: str, keys: Iterable[str], headers: Mapping[str, Value]
    ) -> list[str]:
        """The queues that a message with several routing keys goes to, each once (RabbitMQ,
        "Sender-selected Distribution")."""
        reached = {name: None for key in keys for name in self.route(exchange, key, headers)}
        return list(reached)

    def _ends(self, target: Target, source: str) -> Exchange:
        """The exchange at the beginning of a binding; both ends must exist."""
        kind, name = target
        _refuse_default(source)
        if kind == "exchange":
            _refuse_default(name)
            self.find(name)
        elif name not in self._queues:
            raise NotFound(f"NOT_FOUND - no queue '{name}' in vhost '/'")
        return self.find(source)

    def _drop_unused(self, exchange: Exchange) -> None:
        """An auto-delete exchange goes with its last binding."""
        if exchange.auto_delete and not exchange.bindings:
            self._named.pop(exchange.name, None)
            self.forget(("exchange", exchange.name))


def _compare(current: Exchange, wanted: Exchange) -> None:
    fields = {
        "type": (wanted.kind, current.kind),
        "durable": (terms.flag(wanted.durable), terms.flag(current.durable)),
        "auto_delete": (terms.flag(wanted.auto_delete), terms.flag(current.auto_delete)),
        "internal": (terms.flag(wanted.internal), terms.flag(current.internal)),
    }
    texts = {name: (f"'{new}'", f"'{old}'") for name, (new, old) in fields.items()}
    name = "alternate-exchange"
    texts[name] = terms.compared(wanted.arguments, current.arguments, name)
    for name, (new, old) in texts.items():
        if new != old:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - inequivalent arg '{name}' for exchange '{wanted.name}' "
                f"in vhost '/': received {new} but current is {old}"
            )


def _check_x_match(arguments: Mapping[str, Value]) -> None:
    kind = arguments.get("x-match", "all")
    if not isinstance(kind, str):
        raise PreconditionFailed(
            f"PRECONDITION_FAILED - Invalid x-match field type {terms.kind(kind)} "
            f"(value {kind!r}); expected longstr"
        )
    if kind not in header_arguments.KINDS:
        raise PreconditionFailed(
            f'PRECONDITION_FAILED - Invalid x-match field value <<"{kind}">>; expected all, '
            "any, all-with-x, or any-with-x"
        )


def _refuse_default(exchange: str) -> None:
    if exchange == DEFAULT:
        raise AccessRefused("ACCESS_REFUSED - operation not permitted on the default exchange")
