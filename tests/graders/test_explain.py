import re
from dataclasses import replace
from xml.etree import ElementTree

from graders import explain
from graders.verdict import Verdict
from minibroker.sim.world import Printed
from tests.graders import stories

EVIL = "<script>alert('x')</script>"


def html_of(verdict: Verdict) -> str:
    """The verdict's HTML, which must be XML as well, so that no page can be broken by it."""
    html = explain.html(verdict)
    ElementTree.fromstring(html)
    return html


def test_a_pass_is_one_line() -> None:
    verdict = stories.judged(stories.POLLS)["charged_once"]
    assert explain.text(verdict) == explain.line(verdict)
    assert explain.text(verdict).startswith(
        "✓ charged_once, 4 of 4 points: no order is charged twice: held in "
    )
    assert "\n" not in explain.text(verdict)
    assert "<svg" not in html_of(verdict)


def test_a_pass_shows_no_run_even_when_it_has_one() -> None:
    verdict = stories.judged(stories.POLLS)["charged_once"]
    shown = replace(verdict, witness=stories.fault_free(stories.POLLS))
    assert explain.text(shown) == explain.line(verdict)
    assert explain.html(shown) == explain.html(verdict)


def test_a_fail_shows_line_timeline_output_and_how_to_run_it_again() -> None:
    verdict = stories.failing(stories.FORGETS, "charged_once")
    line, timeline, printed, replay = explain.text(verdict).replace("\n\ntime/s", "\ntime/s").split(
        "\n\n"
    )  # fmt: skip
    assert line.startswith("✗ charged_once, 0 of 4 points: the charge for order-1 was made twice: ")
    assert "◀ charged again" in timeline
    assert printed.splitlines() == [
        "What your code printed in this schedule:",
        "  worker#1 | has order-1",
        "  worker#2 | has order-1",
        "  worker#2 | has order-2",
    ]
    assert replay == "Run this schedule again: ackademy replay story/1@crash:6#s0~00000000"


def test_code_that_fails_by_itself_shows_its_run_and_has_nothing_to_replay() -> None:
    verdict = stories.failing(stories.RAISES, "charged_once")
    assert verdict.outcome == "error"
    text = explain.text(verdict)
    assert text.startswith("! charged_once, 0 of 4 points: worker raised RuntimeError")
    assert "! ends: raised RuntimeError in line " in text
    assert "ackademy replay" not in text


def test_code_that_takes_nothing_is_unknown_and_shows_its_run() -> None:
    verdict = stories.judged("def worker(channel, payments, database):\n    pass\n")["charged_once"]
    assert explain.line(verdict).startswith("? charged_once, 0 of 4 points: nothing was proved")
    assert "ends: its function returned" in explain.text(verdict)


def test_verdicts_that_say_the_same_are_pictured_once_and_failures_each() -> None:
    same = list(stories.judged("def worker(c, p, d): return 1 / 0").values())
    first, *rest = explain.pictured_once(same)
    assert first == same[0]
    assert [explain.text(each) for each in rest] == [explain.line(each) for each in same[1:]]
    failed = stories.failing(stories.FORGETS, "charged_once")
    assert explain.pictured_once([failed, failed]) == [failed, failed]


def test_a_verdict_without_a_run_is_one_line() -> None:
    verdict = Verdict("story", "charged_once", "", "error", 0, 4, "the cell cannot be run")
    assert explain.text(verdict) == "! charged_once, 0 of 4 points: the cell cannot be run"
    assert html_of(verdict) == (
        '<div class="ackademy-verdict"><p>! charged_once, 0 of 4 points: the cell cannot be run'
        "</p></div>"
    )


def test_html_has_the_picture_and_the_same_in_words() -> None:
    html = html_of(stories.failing(stories.FORGETS, "charged_once"))
    assert html.count("<svg ") == 1
    assert "<details><summary>The same in words</summary><pre" in html
    assert "worker#1 | has order-1" in html
    assert "<code>ackademy replay story/1@crash:6#s0~00000000</code>" in html


def test_html_escapes_all_that_a_learner_wrote() -> None:
    verdict = stories.failing(stories.RAISES, "charged_once")
    run = verdict.witness
    assert run is not None
    printing = replace(run, printed=[Printed(0, "worker#1", EVIL + "\x00\ud800")])
    html = html_of(replace(verdict, witness=printing, token=EVIL, sentence=EVIL))
    html.encode("utf-8")
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 4


def test_html_loads_nothing() -> None:
    html = html_of(stories.failing(stories.FORGETS, "charged_once"))
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"<(script|link|img|iframe|style|a) ", html)


def test_verdicts_that_show_the_same_run_share_no_id_on_a_page() -> None:
    page = "".join(explain.html(one) for one in stories.judged(stories.RAISES).values())
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == 6
    assert len(set(ids)) == len(ids)


def test_much_output_is_cut_in_the_middle() -> None:
    pieces = [Printed(at, "worker#1", f"line {at}\n") for at in range(100)]
    lines = explain.printed(pieces)
    assert len(lines) == explain.MOST_LINES + 1
    assert lines[0] == "worker#1 | line 0"
    assert lines[20] == "… 60 lines are left out here …"
    assert lines[-1] == "worker#1 | line 99"


def test_a_line_that_was_printed_in_parts_is_one_line_and_cannot_command_a_terminal() -> None:
    pieces = [
        Printed(0, "worker#1", "charging "),
        Printed(3, "worker#1", "order-1\x1b[2J\n"),
        Printed(5, "worker#2", "x" * 999),
    ]
    first, second = explain.printed(pieces)
    assert first == "worker#1 | charging order-1�[2J"
    assert len(second) == len("worker#2 | ") + explain.MOST_OF_A_LINE


def test_a_sentence_with_line_breaks_stays_one_line() -> None:
    verdict = Verdict("story", "charged_once", "", "error", 0, 4, "raised a\nb\x1b[0m")
    assert explain.line(verdict) == "! charged_once, 0 of 4 points: raised a b�[0m"


def test_any_run_can_be_shown() -> None:
    run = stories.fault_free(stories.FORGETS)
    assert explain.run_text(run).startswith("A run without faults\n")
    assert explain.run_text(run).endswith("worker#1 | has order-2\n")
    assert explain.run_svg(run).startswith("<svg ")
