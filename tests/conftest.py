"""For all tests: hypothesis judges what is found, not how fast the machine found it; which of them
share a process; and which of them needed a real broker."""

import pytest
from hypothesis import HealthCheck, settings

from tests import brokers_ran

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_itemcollected(item):
    """With ``--dist loadgroup`` a file's tests run in one process, in order, as they share what is
    slow to set up. One file, which shares nothing, takes a third of the whole: there it is an
    exercise's tests. (Later it would be too late: xdist reads the groups first of all.)"""
    group = str(item.path)
    if item.path.name == "test_wheats_and_chaffs.py" and hasattr(item, "callspec"):
        group += item.callspec.params["name"]
    item.add_marker(pytest.mark.xdist_group(group.replace("@", "")))


def pytest_collection_modifyitems(items):
    brokers_ran.say_needs(items)


def pytest_configure(config):
    brokers_ran.record(config)
