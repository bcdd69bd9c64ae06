"""A JupyterLab and a browser for each module of tests, ended by what started them.

Pictures of the page go to the folder that ACKADEMY_SHOTS names, else to the module's temporary one.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.lab import Lab, new_course
from tests.browser.page import Page, missing, started


@pytest.fixture(scope="module", autouse=True)
def _a_browser() -> None:
    if lacks := missing():
        pytest.skip(f"there is no {lacks} on the PATH to drive JupyterLab with")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learner's copy of the course; nothing in the checkout changes."""
    return new_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def lab(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(course, tmp_path_factory.mktemp("home"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def page(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    given = os.environ.get("ACKADEMY_SHOTS")
    shots = Path(given) if given else tmp_path_factory.mktemp("shots")
    driver = started(tmp_path_factory.mktemp("profile"))
    try:
        yield Page(driver, shots)
    finally:
        driver.quit()
