from graders.timeline import build
from graders.timeline_text import WIDTH, columns, text
from minibroker.sim import trace as t
from tests.graders import stories
from tests.graders.events import drawn, owed, published


def test_text_is_aligned_in_columns() -> None:
    verdict = stories.failing(stories.FORGETS, "charged_once")
    assert verdict.witness is not None
    lines = text(build(verdict.witness, verdict.findings)).splitlines()
    assert lines[:4] == [
        "worker#1 crashes at effect 6",
        "",
        "time/s  effect  from       to          what",
        " 0.000          producer → orders      publish order-1",
    ]
    assert lines[7:9] == [
        " 0.005       6  worker#1 → payments    charge order-1, 42.00  ◀ first charge",
        " 0.005       6  worker#1             ✗ crash: charge happened, its answer never came",
    ]


def test_text_is_never_wider_than_a_terminal_even_with_long_and_wide_names() -> None:
    long = "ü漢字" * 60
    timeline = drawn(published(1, long), owed(1, long), owed(2, "x" * 400), published(2, "a"))
    lines = text(timeline).splitlines()
    assert max(map(columns, lines)) <= WIDTH
    assert len(lines) > 5


def test_wide_letters_take_two_columns() -> None:
    assert (columns("order"), columns("漢字"), columns("ü→")) == (5, 4, 2)
    timeline = drawn(published(1, "漢字"), published(2, "order"))
    starts = [columns(line[: line.index("publish")]) for line in text(timeline).splitlines()[3:]]
    assert len(set(starts)) == 1


def test_a_row_that_is_wrapped_loses_nothing() -> None:
    message = " ".join(f"word-{number}" for number in range(30))
    timeline = drawn(t.Exited(at=0, who="worker#1", how="raised", error="E", message=message))
    shown = " ".join(text(timeline).split())
    assert " ".join(timeline.rows[0].text.split()) in shown


def test_drawing_the_same_run_twice_gives_the_same_text() -> None:
    runs = stories.fault_free(stories.POLLS), stories.fault_free(stories.POLLS)
    assert runs[0] is not runs[1]
    assert text(build(runs[0])) == text(build(runs[1]))
