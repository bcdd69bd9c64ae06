"""The first lesson in a browser, as somebody takes it who has just opened the course."""

import pytest

from tests.browser.page import Page

pytestmark = pytest.mark.browser

LESSON = "course/00_start_here.ipynb"

TWICE = "✗ duplicate effect: the charge for order-1 was made twice"
LOST = "✗ lost message: order-1 was lost"
MENDED = "payments.charge(order['id'], order['cents'], idempotency_key=order['id'])"


@pytest.fixture(scope="module")
def lesson(lab, page) -> Page:
    """The lesson with all its cells run."""
    page.open(lab, LESSON)
    page.run_all()
    return page


def test_run_all_shows_both_failures_and_then_green(lesson):
    lesson.shot("lesson-00-mended")
    assert lesson.output("crash").startswith(TWICE)
    assert lesson.output("ack-first-crash").startswith(LOST)
    for cell in ("mend-run", "judge"):
        assert "✓" in lesson.output(cell)
        assert "✗" not in lesson.output(cell)


def test_nobody_is_asked_about_news(lesson):
    assert [each.text for each in lesson.find(".Toastify__toast") if "news" in each.text] == []


def test_the_viewer_leads_to_the_second_charge(lesson):
    viewer = lesson.one(".ack-viewer", lesson.cell("step"))

    def read(part: str) -> list[str]:
        # A queue in which nothing is shows a dash.
        return [each.text.replace("\u2013", "nothing") for each in lesson.find(part, viewer)]

    # It opens where something began to go wrong; the button leads on to what came of it.
    assert read(".ack-sentence") == [
        "✗ At 0.004 s, effect 5, worker#1: fault, crash: charge happened, its answer never came."
    ]
    assert read(".ack-process") == ["worker#1 has crashed, its memory is gone"]
    lesson.click(lesson.one(".ack-anomaly", viewer))
    lesson.shot("viewer-second-charge")
    assert read(".ack-sentence") == [
        "◀ At 1.008 s, effect 10, worker#2 to payments: charge order-1, 42.00. "
        "Anomaly: charged again."
    ]
    assert read(".ack-queue") == [
        "orders\nready nothing\nunacked\norder-1 (handed out twice), held by worker#2"
    ]
    assert read(".ack-effect") == ["charge order-1, 42.00 twice, owed once ◀"]
    # One step on the ack is in, so the queue is empty.
    lesson.click(lesson.one(".ack-next", viewer))
    assert read(".ack-count") == ["11 of 12"]
    assert read(".ack-queue") == ["orders\nready nothing\nunacked nothing\nleft\norder-1: acked"]


def test_the_worker_of_the_first_cell_is_judged_red_and_mended_green(lesson):
    first = lesson.source("worker")
    lesson.run("worker")
    lesson.run("judge")
    lesson.shot("lesson-00-your-turn-red")
    assert "✗ charged_once, 0 of 1 points" in lesson.output("judge")
    assert lesson.find(".jp-RenderedSVG img", lesson.cell("judge"))

    old = 'payments.charge(order["id"], order["cents"])'
    assert old in first
    lesson.write("worker", first.replace(old, MENDED))
    lesson.run("worker")
    lesson.run("judge")
    lesson.shot("lesson-00-your-turn-green")
    said = lesson.output("judge")
    assert "✗" not in said
    assert [line.partition(",")[0] for line in said.splitlines()] == [
        "✓ nothing_lost", "✓ charged_once", "✓ queue_drained",
    ]  # fmt: skip
