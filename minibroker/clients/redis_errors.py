"""redis-py's exceptions, without redis-py.

Importing `redis` loads asyncio and more, a quarter of a second that every checked process would
pay. Its exceptions are one file that needs nothing, so that file alone is loaded here, unless the
package is in this process already.
"""

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType


def _load() -> ModuleType:
    name = "redis.exceptions"
    if name in sys.modules:
        return sys.modules[name]
    package = find_spec("redis")
    assert package is not None, "redis-py is one of our requirements"
    assert package.origin is not None
    spec = spec_from_file_location(name, Path(package.origin).with_name("exceptions.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exceptions = _load()

PYTHONS: dict[str, type[Exception]] = {
    "TypeError": TypeError,
    "ValueError": ValueError,
    "AttributeError": AttributeError,
    "UnicodeDecodeError": ValueError,
    "UnicodeEncodeError": ValueError,
}
"""What redis-py's methods raise of Python's own for arguments that make no sense."""


def error(name: str, message: str) -> Exception:
    """The exception of that name: one of redis-py's, or of Python's own."""
    kind = getattr(exceptions, name, None) or PYTHONS.get(name, exceptions.ResponseError)
    made: Exception = kind(message)
    return made
