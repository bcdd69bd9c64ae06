"""The bundled broker for one run: ``python -m ackademy.reality.mini PARENT --amqp 0``.

It is `python -m minibroker` with one thing more: it ends with whoever started it, however that one
ends. Each run has a broker of its own, so several go on side by side.
"""

import asyncio
import os
import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ackademy.reality.learner import die_with_the_parent
from ackademy.reality.process import environment
from ackademy.reality.sides import Where

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


@asynccontextmanager
async def bundled(kinds: "Iterable[str]") -> "AsyncIterator[Where]":
    """Its addresses, while it runs; `kinds` are ``amqp`` and ``kafka``."""
    wanted = sorted(kinds)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ackademy.reality.mini",
        str(os.getpid()),
        *(part for kind in wanted for part in (f"--{kind}", "0")),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    assert child.stdout is not None
    try:
        ports: dict[str, str] = {}
        for kind in wanted:
            line = (await child.stdout.readline()).decode()
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found is None:
                raise RuntimeError(f"the bundled broker said {line!r}")
            ports["amqp" if "RabbitMQ" in line else kind] = found[1]
        yield Where(
            amqp=f"amqp://guest:guest@127.0.0.1:{ports['amqp']}/%2F" if "amqp" in ports else "",
            kafka=f"127.0.0.1:{ports['kafka']}" if "kafka" in ports else "",
        )
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


if __name__ == "__main__":
    from minibroker.__main__ import main

    die_with_the_parent(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
