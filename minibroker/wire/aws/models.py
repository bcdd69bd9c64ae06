"""botocore's own models of the two services: which actions there are, and what is in them.

Rule: the files are read as they lie in the installed package, once, when the first request needs
them. botocore itself is not imported, which would take longer than everything else here.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """``sqs`` or ``sns``: its actions and shapes, by name."""

    name: str
    metadata: Mapping[str, str]
    operations: Mapping[str, Mapping[str, Any]]
    shapes: Mapping[str, Shape]

    def input(self, action: str) -> Shape | None:
        """The shape of an action's parameters."""
        found = self.operations[action].get("input")
        return self.shapes[found["shape"]] if found else None

    def output(self, action: str) -> tuple[Shape, str] | None:
        """The shape of an action's answer, and the name of what encloses it in XML."""
        found = self.operations[action].get("output")
        if not found:
            return None
        return self.shapes[found["shape"]], found.get("resultWrapper", f"{action}Result")


@cache
def service(name: str) -> Service:
    """The model of that name."""
    model = json.loads(_read(name))
    return Service(name, model["metadata"], model["operations"], model["shapes"])


def _read(name: str) -> bytes:
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise RuntimeError("botocore is not installed; install ackademy[wire]")
    folder = Path(spec.origin).parent / "data" / name
    files = sorted(folder.glob("*/service-2.json*"))  # by the date of the API
    if not files:
        raise RuntimeError(f"the installed botocore has no model of {name} in {folder}")
    data = files[-1].read_bytes()
    return gzip.decompress(data) if files[-1].suffix == ".gz" else data
