"""For all tests: hypothesis judges what is found, not how fast the machine found it; and which of
them needed a real broker."""

from hypothesis import HealthCheck, settings

from tests import brokers_ran

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items):
    brokers_ran.say_needs(items)


def pytest_configure(config):
    brokers_ran.record(config)
