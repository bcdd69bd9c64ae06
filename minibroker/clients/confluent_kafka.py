"""What a learner's `import confluent_kafka` gets in the simulator.

The modules are made for one incarnation. Their data and exception classes are the real library's
own; `Producer`, `Consumer` and `confluent_kafka.admin.AdminClient` are ours, which talk to the
world over this incarnation's boundary (the class attribute `_boundary`). Whatever else is in the
real modules and reaches for a network raises `NotInSubset`.

The learner's function is given the address of the cluster, as it would be anywhere.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

import confluent_kafka
from confluent_kafka import admin

from minibroker.clients import Asks, NotInSubset, outside
from minibroker.clients.kafka_config import ADDRESS

OURS = {
    "confluent_kafka": {
        "Producer": "minibroker.clients.kafka_producer",
        "Consumer": "minibroker.clients.kafka_consumer",
    },
    "confluent_kafka.admin": {"AdminClient": "minibroker.clients.kafka_admin"},
}
"""The classes that are made for an incarnation, and where: loaded when they are first used."""

REAL = frozenset({"confluent_kafka.error", "confluent_kafka.serialization"})
"""Modules of the real package that reach for nothing outside."""

SHARED: dict[str, tuple[ModuleType, frozenset[str]]] = {
    "confluent_kafka": (
        confluent_kafka,
        frozenset({
            "ConsumerGroupState", "ConsumerGroupTopicPartitions", "ConsumerGroupType",
            "ElectionType", "IsolationLevel", "KafkaError", "KafkaException", "Message", "Node",
            "OFFSET_BEGINNING", "OFFSET_END", "OFFSET_INVALID", "OFFSET_STORED",
            "TIMESTAMP_CREATE_TIME", "TIMESTAMP_LOG_APPEND_TIME", "TIMESTAMP_NOT_AVAILABLE",
            "ThrottleEvent", "TopicCollection", "TopicPartition", "TopicPartitionInfo", "Uuid",
            "consistent", "fnv1a", "libversion", "murmur2", "version", "__version__",
        }),
    ),
    "confluent_kafka.admin": (
        admin,
        frozenset(name for name in dir(admin) if name[0].isupper()) - {"AdminClient"},
    ),
}  # fmt: skip
"""What is taken from the real modules as it is."""

_TAKEN = {
    name: {key: getattr(real, key) for key in sorted(shared)}
    for name, (real, shared) in SHARED.items()
}


def modules(boundary: Asks) -> Callable[[str], ModuleType]:
    """Give the modules of one incarnation, each by its whole name and made once."""
    made: dict[str, ModuleType] = {}

    def module(name: str) -> ModuleType:
        if name in REAL:
            return importlib.import_module(name)
        if name not in SHARED:
            raise ImportError(
                f"{name} is not simulated here; of this package there are confluent_kafka, "
                "confluent_kafka.admin, confluent_kafka.serialization and confluent_kafka.error"
            )
        if name not in made:
            made[name] = _module(name, boundary, module)
        return made[name]

    return module


def _module(name: str, boundary: Asks, module: Callable[[str], ModuleType]) -> ModuleType:
    (real, _), taken = SHARED[name], _TAKEN[name]
    found = ModuleType(name, real.__doc__)
    found.__dict__.update(taken)

    def missing(key: str) -> Any:
        if (where := OURS[name].get(key)) is not None:
            kind = _bound(getattr(importlib.import_module(where), key), boundary)
            setattr(found, key, kind)
            return kind
        if (inner := f"{name}.{key}") in REAL or inner in SHARED:
            return module(inner)
        if not key.startswith("_") and hasattr(real, key):
            raise NotInSubset(f"{name}.{key} is not simulated here")
        raise AttributeError(f"module {name!r} has no attribute {key!r}")

    found.__dict__["__getattr__"] = missing
    found.__dict__["__all__"] = [*(key for key in taken if key[0] != "_"), *OURS[name]]
    found.__dict__["__path__"] = []  # it is a package
    return found


def _bound(kind: type, boundary: Asks) -> type:
    """A class of ours for one incarnation: a subclass, so that it can be subclassed further."""
    return type(kind.__name__, (kind,), {"_boundary": boundary, "__module__": kind.__module__})


def refuse(owner: str, real: type, name: str) -> NoReturn:
    """Refuse an attribute of a client: `NotInSubset` if the real one has it."""
    if not name.startswith("_") and hasattr(real, name):
        outside(f"confluent_kafka.{owner}", name)
    raise AttributeError(f"'{owner}' object has no attribute {name!r}")


MAKERS: dict[str, Callable[[Asks], Any]] = {"kafka": lambda boundary: ADDRESS}
