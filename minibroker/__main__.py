"""``python -m minibroker``: the bundled broker for programs of any language.

python -m minibroker --kafka 9092 --data DIR
"""

import argparse
import asyncio
import ipaddress
import logging
import signal
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl+C or SIGTERM; 0 then, 1 if it could not begin or the disk failed."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
    ports = tuple(given.kafka + number if given.kafka else 0 for number in range(given.brokers))
    from minibroker.wire.loops import new_runner  # after --help

    with new_runner() as runner:
        return runner.run(_serve(given, ports))


def _port(text: str) -> int:
    """Argparse says in a sentence what is wrong with it."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{number} is no port; ports go from 0 to 65535")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m minibroker", description="Brokers that real client libraries talk to."
    )
    parser.add_argument(
        "--kafka",
        type=_port,
        default=9092,
        metavar="PORT",
        help="speak Kafka's protocol on this port (9092); 0 takes any that is free",
    )
    parser.add_argument(
        "--brokers",
        type=int,
        default=1,
        metavar="N",
        help="so many, on ports from there on",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="listen on this address (127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep everything in this directory"
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
        help="let programs on this machine stop brokers and make requests fail, by HTTP",
    )
    return parser


async def _serve(given: argparse.Namespace, ports: tuple[int, ...]) -> int:
    from minibroker.storage import StorageError
    from minibroker.wire.control import start_control
    from minibroker.wire.kafka.server import KafkaServer

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    if given.brokers < 1:
        return _refused("there is no broker to start; give --brokers 1 or more")
    if ports[-1] > 65_535:
        return _refused(f"there are no {given.brokers} ports from {given.kafka} on; begin lower")
    try:
        server = KafkaServer(ports, host=given.host, data=given.data, fsync=given.fsync)
        await server.start()
    except StorageError as error:
        return _refused(str(error))
    except OSError as error:
        which = f"port {given.kafka}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
        return _refused(f"cannot listen on {given.host}, {which}: {error.strerror}")
    kept = f"everything is kept in {given.data}" if given.data else "everything is in memory only"
    print(f"Kafka on {server.bootstrap_servers}; {kept}. Ctrl+C ends it.", flush=True)
    if not _is_loopback(given.host):
        print(f"Anyone who reaches {given.host} can read and change everything.", flush=True)
    control = None
    if given.control is not None:
        try:
            control = await start_control(server, "127.0.0.1", given.control)
        except OSError as error:
            await server.close()
            return _refused(f"cannot listen on port {given.control}: {error.strerror}")
        port = control.sockets[0].getsockname()[1]
        print(f"Control on http://127.0.0.1:{port}", flush=True)
    failed = asyncio.ensure_future(server.failed.wait())
    await asyncio.wait(
        (failed, asyncio.ensure_future(over.wait())), return_when=asyncio.FIRST_COMPLETED
    )
    if control is not None:
        control.close()
    try:
        await server.close()
    except StorageError as error:
        return _refused(str(error))
    return 1 if failed.done() else 0


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
