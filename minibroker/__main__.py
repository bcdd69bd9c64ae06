"""``python -m minibroker``: the bundled brokers for programs of any language.

python -m minibroker
python -m minibroker --kafka 9092 --data DIR
"""

import argparse
import asyncio
import ipaddress
import logging
import signal
import sys
from pathlib import Path

from minibroker.wire.wires import TITLES, USUAL


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl+C or SIGTERM; 0 then, 1 if it could not begin or the disk failed."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
    from minibroker.wire.loops import new_runner  # after --help

    with new_runner() as runner:
        return runner.run(_serve(given))


def _port(text: str) -> int:
    """Argparse says in a sentence what is wrong with it."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{number} is no port; ports go from 0 to 65535")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m minibroker",
        description="Brokers that real client libraries talk to. Without a port for any of them, "
        "all are started on their usual ones; otherwise those that have one.",
    )
    speak = {
        "kafka": "speak Kafka's protocol on this port",
        "amqp": "speak AMQP 0-9-1, as RabbitMQ does, on this port",
        "aws": "be SQS and SNS on this port",
        "redis": "speak Redis's protocol on this port",
    }
    for name, what in speak.items():
        parser.add_argument(
            f"--{name}",
            type=_port,
            metavar="PORT",
            help=f"{what}; its usual one is {USUAL[name]}, 0 takes any that is free",
        )
    parser.add_argument(
        "--port-offset", type=int, default=0, metavar="N", help="add N to each port but 0"
    )
    parser.add_argument(
        "--brokers",
        type=int,
        default=1,
        metavar="N",
        help="so many brokers of Kafka, on ports from there on",
    )
    parser.add_argument(
        "--nodes",
        type=int,
        default=1,
        metavar="N",
        help="so many nodes of RabbitMQ, on ports from there on",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="listen on this address (127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep topics and durable queues in this directory"
    )
    parser.add_argument(
        "--fsync",
        choices=("always", "interval", "never"),
        default="always",
        help="before each answer (always), every second, or when the system likes to",
    )
    parser.add_argument(
        "--control",
        type=_port,
        metavar="PORT",
        help="let programs on this machine stop brokers and nodes and make requests fail, by HTTP",
    )
    return parser


def _ports(given: argparse.Namespace) -> dict[str, int]:
    """Those that are named; all, if none is."""
    named = {name: port for name in USUAL if (port := getattr(given, name)) is not None}
    return {
        name: port + given.port_offset if port else 0 for name, port in (named or USUAL).items()
    }


async def _serve(given: argparse.Namespace) -> int:
    from minibroker.storage.errors import StorageError
    from minibroker.wire.control import start_control
    from minibroker.wire.wires import CannotOpen, Options, Wires

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    if given.brokers < 1:
        return _refused("there is no broker to start; give --brokers 1 or more")
    if given.nodes < 1:
        return _refused("there is no node to start; give --nodes 1 or more")
    options = Options(given.host, given.brokers, given.nodes, given.data, given.fsync)
    ports = _ports(given)
    for name, port in ports.items():
        last = port + (options.ports(name) - 1 if port else 0)
        if not 0 <= port <= last <= 65_535:
            return _refused(f"{TITLES[name]} would be on port {last}; ports end at 65535")
    wires = Wires()
    control = None
    try:
        for name, port in ports.items():
            await wires.open(name, port, options)
        if given.control is not None:
            control = await start_control(wires.servers, "127.0.0.1", given.control)
    except CannotOpen as error:
        await wires.close()
        return _refused(str(error))
    except OSError as error:
        await wires.close()
        return _refused(f"cannot listen on port {given.control}: {error.strerror}")
    for name in ports:
        kept = f"kept in {given.data}" if name in wires.kept else "in memory only"
        print(f"{TITLES[name]} on {wires.where(name)}; everything is {kept}.")
    if control is not None:
        print(f"Control on http://127.0.0.1:{control.sockets[0].getsockname()[1]}")
    if not _is_loopback(given.host):
        print(f"Anyone who reaches {given.host} can read and change everything.")
    print("Ctrl+C ends it.", flush=True)
    failed = asyncio.ensure_future(wires.failed())
    await asyncio.wait(
        (failed, asyncio.ensure_future(over.wait())), return_when=asyncio.FIRST_COMPLETED
    )
    if control is not None:
        control.close()
    broken = failed.done()
    failed.cancel()
    try:
        await wires.close()
    except StorageError as error:
        return _refused(str(error))
    return 1 if broken else 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(sentence: str) -> int:
    print(f"minibroker: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
