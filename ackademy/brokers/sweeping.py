"""Ending what keepers that were killed left behind: processes, directories, containers."""

from ackademy.brokers import holdings
from ackademy.brokers.errors import NoBroker


def sweep_everything() -> list[str]:
    """A sentence for each thing that was removed. Where Docker cannot be used, nothing of it is."""
    from ackademy.brokers import docker_daemon

    done = holdings.sweep()
    try:
        with docker_daemon.daemon(patience=10) as client:
            done += docker_daemon.sweep(client)
    except NoBroker:
        pass
    return done
