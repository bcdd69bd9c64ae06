"""JupyterLab in a headless Chromium, used through what is on the page: its menus, editors, buttons.

Nothing here waits for a time: every wait is for something that is seen on the page, with a deadline
and a picture of the page where it did not come.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.lab import Lab

T = TypeVar("T")

DEADLINE = 60
"""Seconds; what usually takes less than one takes several on a machine with other work."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str:
    """In words, what a browser test needs and this machine has not; empty when it has all."""
    found = {"Chromium": _browser(), "chromedriver": shutil.which("chromedriver")}
    return " and no ".join(name for name, path in found.items() if path is None)


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def started(profile: Path, size: tuple[int, int] = (1280, 900)) -> Chrome:
    """A browser that reaches this machine and nothing else."""
    options = ChromeOptions()
    options.binary_location = _browser() or ""
    for argument in (
        "--headless=new", f"--user-data-dir={profile}", "--window-size={},{}".format(*size),
        "--force-device-scale-factor=1", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        "--disable-dev-shm-usage",  # small in a container
        # Chromium's own sandbox refuses root; the only pages here are the course's.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):  # fmt: skip
        options.add_argument(argument)
    driver = Chrome(options, ChromeService(shutil.which("chromedriver")))
    look_through(driver, *size)
    return driver


def look_through(driver: Chrome, width: int, height: int) -> None:
    """Give the page that size in pixels, whatever the browser's own frame takes."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


class Page:
    """A tab with JupyterLab in it. Cells are named by their ids in the notebook's file."""

    def __init__(self, driver: Chrome, shots: Path) -> None:
        self.driver = driver
        self.shots = shots

    def shot(self, name: str) -> None:
        """Keep a picture of what is seen now."""
        self.shots.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(self.shots / f"{name}.png"))

    def until(self, what: str, seen: Callable[[], T | None], deadline: float = DEADLINE) -> T:
        """What `seen` gives once it gives something; `what` says in a test's failure what was
        waited for."""

        def once(driver: Chrome) -> T | None:
            try:
                return seen()
            except WebDriverException:  # JupyterLab drew it anew meanwhile
                return None

        try:
            return WebDriverWait(self.driver, deadline, 0.05).until(once)
        except TimeoutException:
            self.shot("not-seen")
            raise AssertionError(
                f"not seen within {deadline} s: {what}; {self.shots}/not-seen.png has the page"
            ) from None

    def find(self, selector: str, within: WebElement | None = None) -> list[WebElement]:
        """The elements that are shown, of those that the CSS selector names."""
        place: Any = within or self.driver
        return [each for each in place.find_elements(By.CSS_SELECTOR, selector) if shown(each)]

    def one(self, selector: str, within: WebElement | None = None) -> WebElement:
        """The first of them, as soon as there is one."""
        return self.until(selector, lambda: next(iter(self.find(selector, within)), None))

    def open(self, lab: Lab, path: str) -> None:
        """Open a notebook and wait until all of it is drawn and its kernel is ready."""
        self.driver.get(lab.address(path))
        # Of what was open before, JupyterLab opens all again, and shows it first.
        self.until(f"{path} in sight", lambda: self._ask("return panel.context.path") == path)
        drawn = (
            "return nb.widgets.length > 0 && nb.widgets.length === nb.model.cells.length"
            " && nb.widgets.every((each) => each.node.isConnected)"
        )
        self.until("all of its cells", lambda: self._ask(drawn))
        self.until("a kernel that is idle", self.idle)

    def idle(self) -> bool:
        """Whether the kernel of the notebook has nothing to do."""
        return self._ask("return panel.sessionContext.session?.kernel?.status === 'idle'") is True

    def choose(self, menu: str, command: str) -> None:
        """Choose something from a menu of the menu bar."""
        bar = ".lm-MenuBar-item"
        self.until(menu, lambda: next((e for e in self.find(bar) if e.text == menu), None)).click()
        self.one(f".lm-Menu-item[data-command='{command}']").click()

    def run_all(self) -> None:
        """Clear what the cells put out, run all by the menu, and wait until each has run."""
        self.choose("Edit", "editmenu:clear-all")
        self.until("nothing put out", lambda: not any(self._counts()))
        self.choose("Run", "runmenu:run-all")
        self.until("every cell run", lambda: all(self._counts()) and self.idle(), 3 * DEADLINE)

    def run(self, cell_id: str) -> None:
        """Run a cell by its keys, and wait until it has run."""
        before = self._count(cell_id)
        self.click(self.editor(cell_id))
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(
            Keys.CONTROL
        ).perform()
        self.until(
            f"{cell_id} run",
            lambda: self._count(cell_id) not in (None, before) and self.idle(),
        )

    def write(self, cell_id: str, source: str) -> None:
        """Replace what a cell says: all of it selected, and the new text pasted over it."""
        self.click(self.editor(cell_id))
        keys = ActionChains(self.driver).key_down(Keys.CONTROL)
        self.driver.execute_cdp_cmd(
            "Browser.grantPermissions",
            {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
        )
        self.driver.execute_async_script(
            "const [text, done] = arguments; navigator.clipboard.writeText(text).then(done)", source
        )
        keys.send_keys("a").send_keys("v").key_up(Keys.CONTROL).perform()
        self.until(f"{cell_id} says it", lambda: self.source(cell_id) == source)

    def source(self, cell_id: str) -> str:
        """What a cell says."""
        return str(self._ask("return cell(arguments[0]).model.sharedModel.source", cell_id))

    def cell(self, cell_id: str) -> WebElement:
        """A cell, scrolled to its top."""
        element = self._ask("return cell(arguments[0]).node", cell_id)
        assert isinstance(element, WebElement), f"the notebook has no cell {cell_id}"
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'start'})", element)
        return element

    def editor(self, cell_id: str) -> WebElement:
        """Where a cell is written."""
        return self.one(".cm-content", self.cell(cell_id))

    def output(self, cell_id: str) -> str:
        """All that is read below a cell."""
        return "\n".join(each.text for each in self.find(".jp-Cell-outputArea", self.cell(cell_id)))

    def click(self, element: WebElement) -> None:
        """Click what may be out of sight."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'nearest'})", element)
        element.click()

    def _counts(self) -> list[int | None]:
        counts = self._ask(
            "return nb.widgets.filter((each) => each.model.type === 'code').map(count)"
        )
        return list(counts)  # type: ignore[call-overload]

    def _count(self, cell_id: str) -> object:
        return self._ask("return count(cell(arguments[0]))", cell_id)

    def _ask(self, script: str, *arguments: object) -> object:
        """What a script says that knows the application, the notebook in sight and its cells. A
        cell that runs has no count."""
        known = (
            "const app = window.jupyterapp, panel = app?.shell.currentWidget;"
            "const nb = panel?.content?.widgets ? panel.content : undefined;"
            "const cell = (id) => nb.widgets.find((each) => each.model.id === id);"
            "const count = (each) => each.prompt === '*' ? null : each.model.executionCount;"
        )
        return self.driver.execute_script(known + script, *arguments)


def shown(element: WebElement) -> bool:
    """Whether an element is on the page and to be seen."""
    try:
        return element.is_displayed()
    except WebDriverException:
        return False
