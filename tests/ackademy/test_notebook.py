"""The helpers of the notebooks, in a real IPython shell of this process."""

import re
import sys
from types import SimpleNamespace
from typing import Any

import IPython
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from ackademy import notebook, viewer
from ackademy.notebook import CheckFailed, NotInNotebook, check, judge, simulate, step, timeline
from ackademy.progress import store
from ackademy.show import FITTED, Pieces, show
from graders.content import chaffs, wheats
from graders.sandbox import transport
from graders.spec import UnknownName, load
from graders.token import BadToken

NAME = "start_here"
GOOD = wheats(NAME)[0].source
TWICE = next(each.source for each in chaffs(NAME) if each.name == "no_key")
"""Charges without a key: a crash after effect 5, the charge, charges twice."""

IMPORT = "from ackademy import check, judge, predict, simulate, step, timeline"


@pytest.fixture(scope="module")
def one_shell(tmp_path_factory):
    config = Config()
    config.HistoryManager.enabled = False  # no file, no thread
    InteractiveShell.clear_instance()
    folder = str(tmp_path_factory.mktemp("ipython"))
    yield InteractiveShell.instance(config=config, ipython_dir=folder, colors="nocolor")
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(one_shell, monkeypatch):
    """A shell in which nothing was run yet, watched as when the helpers are imported in it."""
    one_shell.history_manager.input_hist_raw[:] = [""]
    one_shell.events.callbacks["pre_run_cell"].clear()
    monkeypatch.setattr(notebook, "_ran", [])
    monkeypatch.setattr(notebook, "_shown", [])
    notebook._watch()
    return one_shell


@pytest.fixture
def run(shell):
    """Run a cell; gives what it printed, what it displayed, and what became of it."""

    def cell(source: str) -> SimpleNamespace:
        with capture_output() as captured:
            ended = shell.run_cell(source, store_history=True)
        return SimpleNamespace(
            out=re.sub(r"^Out\[\d+\]: ", "", captured.stdout),
            shown=[each.data for each in captured.outputs],
            value=ended.result,
            error=ended.error_in_exec,
        )

    cell(IMPORT)
    return cell


# --- check -------------------------------------------------------------------------------------


def test_check_gives_the_points_and_says_what_held(run):
    run(GOOD)
    done = run("check('start_here', 'charged_once')")
    assert done.value == 1
    assert done.out.startswith("✓ charged_once, 1 of 1 points: the order is not charged twice: ")


def test_a_failed_check_shows_the_timeline_and_then_one_sentence_for_a_traceback(run):
    run(TWICE)
    done = run("check('start_here', 'charged_once')")
    assert type(done.error) is CheckFailed
    assert re.fullmatch(
        r'This schedule again: timeline\("start_here/1@crash:5#s0~[0-9a-f]{8}"\)\n'
        r"Step through it: step\(\)\n"
        r"CheckFailed: ✗ charged_once, 0 of 1 points: the charge for order-1 was made twice: "
        r"[^\n]+\n+",
        done.out,
    )
    picture, words = done.shown
    assert picture["image/svg+xml"].startswith("<svg ")
    assert "◀ charged again" in words["text/plain"]


def test_a_failed_check_leaves_the_other_checks_alone(run):
    run(TWICE)
    assert run("check('start_here', 'nothing_lost')").value == 1
    assert run("check('start_here', 'queue_drained')").value == 1


def test_the_cell_that_was_run_last_counts(run):
    run(TWICE)
    run(GOOD)
    run("worker  # only names it")
    assert run("check('start_here', 'charged_once')").value == 1
    run(TWICE)
    assert type(run("check('start_here', 'charged_once')").error) is CheckFailed


def test_what_ran_before_the_helpers_were_imported_counts_too(shell, monkeypatch):
    shell.run_cell(GOOD, store_history=True)
    monkeypatch.setattr(notebook, "_ran", [])
    notebook._watch()
    assert check(NAME, "charged_once") == 1


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1", "! charged_once, 0 of 1 points: no cell defines worker; write the function"),
        ("def worker(:", "! charged_once, 0 of 1 points: your cell cannot be run: line 1 does not"),
        (
            "return\ndef worker(channel, payments): ...",
            "! charged_once, 0 of 1 points: your cell cannot be run: line 1 does not parse: 'ret",
        ),
        ("def worker(channel, payments): pass", "? charged_once, 0 of 1 points: nothing was prov"),
        (
            "def worker(channel, payments): raise NotImplementedError",
            "! charged_once, 0 of 1 points: worker raised NotImplementedError in line 1 of the c",
        ),
    ],
)
def test_a_check_without_a_failing_schedule_is_its_sentence_alone(run, source, sentence):
    run(source)
    done = run("check('start_here', 'charged_once')")
    assert done.out.startswith(f"CheckFailed: {sentence}")
    assert done.out.count("\n") <= 2
    assert done.shown == []


def test_a_check_that_there_is_not_is_the_authors_mistake(run):
    run(GOOD)
    with pytest.raises(UnknownName, match="did you mean charged_once"):
        check(NAME, "charged_one")
    with pytest.raises(UnknownName, match="did you mean start_here"):
        check("start_her", "charged_once")


# --- check: hints and progress -----------------------------------------------------------------

EXERCISE = "at_least_once_worker"
UNDONE = "def worker(channel, payments, database): raise NotImplementedError"


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Progress is kept, in a folder of the test's own."""
    monkeypatch.delenv("ACKADEMY_PROGRESS", raising=False)
    monkeypatch.setenv("ACKADEMY_HOME", str(tmp_path))
    return tmp_path / "progress.json"


def test_a_failed_check_says_last_how_to_get_a_hint_in_words_that_can_be_pasted(run, shell):
    run(UNDONE)
    shell.user_ns.pop("hint", None)
    done = run(f"check('{EXERCISE}', 'nothing_lost')")
    assert done.out.rstrip().endswith(f'\nStuck? from ackademy import hint; hint("{EXERCISE}")')
    run("from ackademy import hint")
    done = run(f"check('{EXERCISE}', 'nothing_lost')")
    assert done.out.rstrip().endswith(f'\nStuck? hint("{EXERCISE}")')
    assert "solution in that cell\nStuck?" in done.out


def test_a_check_that_passes_and_one_without_hints_say_nothing_of_them(run):
    run(GOOD)
    assert "Stuck" not in run("check('start_here', 'charged_once')").out
    run(TWICE)
    assert "Stuck" not in run("check('start_here', 'charged_once')").out


def test_hint_gives_one_after_the_other_and_refuses_gently(run, kept):
    run("from ackademy import hint")
    first = run(f"hint('{EXERCISE}')")
    assert first.out.startswith("Hint 1 of 4: ")
    assert first.out.endswith(f'Still stuck? hint("{EXERCISE}", 2)\n')
    refused = run(f"hint('{EXERCISE}', 4)")
    assert refused.error is None
    assert refused.out.startswith("hint 4 gives more away than hint 2, ")
    assert run(f"hint('{EXERCISE}', 4, force=True)").out.startswith("Hint 4 of 4: ")
    assert run("hint('start_here')").out.startswith("start_here has no hints; ")


def test_a_check_in_a_notebook_is_kept(run, kept):
    run(TWICE)
    run("check('start_here', 'charged_once')")
    assert store.read()["start_here"].failing == ("charged_once",)
    assert store.read()["start_here"].points == 2


def test_what_judge_and_simulate_come_to_is_not_kept(run, kept):
    run(TWICE)
    run("judge('start_here')")
    run("simulate('start_here', crash=5)")
    assert not kept.exists()


# --- judge -------------------------------------------------------------------------------------


def test_judge_says_every_check_and_shows_the_first_failing_schedule(run):
    run(TWICE)
    done = run("judge('start_here')")
    *lines, again, through = done.out.splitlines()
    assert [line[0] for line in lines] == ["✓", "✗", "✓"]
    [word] = [verdict.token for verdict in done.value.verdicts if verdict.token]
    assert again == f'This schedule again: timeline("{word}")'
    assert through == "Step through it: step()"
    assert [sorted(each) for each in done.shown] == [
        ["image/svg+xml", "text/plain"],
        ["text/html", "text/plain"],
    ]
    assert not done.value.passed
    assert repr(done.value).splitlines() == lines


def test_a_good_solution_passes_and_shows_no_schedule(run):
    run(GOOD)
    done = run("judge('start_here')")
    assert [line[0] for line in done.out.splitlines()] == ["✓", "✓", "✓"]
    assert done.shown == []
    assert done.value.passed


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "def worker(:",
        "%time\ndef worker(channel, payments): ...",
        "def worker(channel, payments): return 1 / 0",
        "def worker(channel, payments): raise SystemExit(3)",
        "def worker(channel, payments): raise KeyboardInterrupt",
        "def worker(channel, payments):\n    while True: pass",
        "def worker(channel, payments): channel.no_such_call()",
        "def worker(): pass",
        "def worker(channel, payments):\n    import os\n    os._exit(3)",
        "worker = 7",
        "raise ValueError\ndef worker(channel, payments): ...",
    ],
)
def test_judge_never_raises_for_what_a_learners_code_does(run, source):
    run(source)
    done = run("judge('start_here')")
    assert done.error is None
    assert len(done.out.splitlines()) == len(load(NAME).checks)
    assert not done.value.passed


# --- simulate ----------------------------------------------------------------------------------


def test_simulate_shows_one_schedule_and_what_was_found(run):
    run(TWICE)
    fine, twice = run("simulate('start_here')"), run("simulate('start_here', crash=5)")
    assert fine.out.startswith("✓ ")
    assert twice.out.startswith("✗ duplicate effect: the charge for order-1 was made twice: ")
    for done in (fine, twice):
        assert [sorted(each)[0] for each in done.shown] == ["image/svg+xml", "text/html"]
    assert "crash" in twice.shown[1]["text/plain"]


@pytest.mark.parametrize("fault", ["indefinite", "crash", "pause"])
def test_another_fault_is_given_as_a_crash_is(run, fault):
    run(TWICE)
    done = run(f"simulate('start_here', {fault}=5)")
    assert done.out.startswith("✗ duplicate effect: the charge for order-1 was made twice: ")
    assert re.fullmatch(rf"start_here/1@{fault}:5#s0~[0-9a-f]{{8}}", done.value.token)
    run(GOOD)
    assert run(f"simulate('start_here', {fault}=5)").out.startswith("✓ in this schedule: ")


def test_the_sentence_of_a_schedule_without_a_fault_says_what_was_promised(run):
    run(GOOD)
    promises = "; ".join(check.promise for check in load(NAME).checks)
    assert run("simulate('start_here')").out == f"✓ in this schedule: {promises}\n"


def test_several_faults_are_one_schedule_in_the_order_of_their_effects(run):
    run(TWICE)
    done = run("simulate('start_here', crash=8, indefinite=5)")
    assert [(fault.kind, fault.at) for fault in done.value.run.plan] == [
        ("indefinite", 5),
        ("crash", 8),
    ]
    assert "@indefinite:5+crash:8#" in done.value.token
    assert shown(done.value.token)[1]["text/plain"] == done.shown[1]["text/plain"]


def test_an_effect_has_one_fault(run):
    run(TWICE)
    with pytest.raises(ValueError, match="effect 5 has two faults; give it one"):
        simulate(NAME, crash=5, pause=5)


def test_a_fault_that_cannot_happen_to_that_effect_says_so(run):
    run(TWICE)
    assert run("simulate('start_here', duplicate=5)").out.splitlines()[0] == (
        "the duplicate did not happen, since effect 5 is not one that it can happen to; give "
        "another number"
    )


def test_the_fault_that_did_not_happen_is_named_beside_one_that_did(run):
    run(TWICE)
    done = run("simulate('start_here', crash=5, pause=1_000)")
    assert done.out.startswith(
        "the pause did not happen, since effect 1000 never happened in this run; give another "
        "number up to "
    )


def test_a_fault_that_there_is_not_is_named_with_those_there_are(run):
    run(TWICE)
    sentence = (
        "there is no fault 'boom'; give one of crash, definite, indefinite, pause, preempt, "
        "duplicate"
    )
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        simulate(NAME, boom=5)


def test_code_that_uses_up_its_time_is_one_sentence(run, monkeypatch):
    monkeypatch.setattr(transport, "SOURCE_SECONDS", 0.0)
    run(TWICE)
    done = run("simulate('start_here', crash=5)")
    assert done.out.startswith("CheckFailed: your code ran on for so long without faults that ")
    assert done.out.count("\n") <= 2


@pytest.mark.parametrize("at", [0, -1, 1.5, "5", True, None])
def test_any_fault_is_the_number_of_an_effect(run, at):
    with pytest.raises(ValueError, match="indefinite is the number of an effect, from 1, not "):
        simulate(NAME, indefinite=at)


def test_a_crash_that_the_run_does_not_reach_says_which_numbers_it_has(run):
    run(TWICE)

    def most(crash: int) -> int:
        out = run(f"simulate('start_here', crash={crash})").out
        sentence = f"nothing crashed, since effect {crash} never happened in this run; give "
        [found] = re.findall(rf"^{sentence}another number up to (\d+)\n$", out)
        return int(found)

    last = most(1_000)
    assert most(last + 1) == last  # the poll that waits for ever and gives nothing
    assert run(f"simulate('start_here', crash={last})").out.startswith("✓ ")


def test_a_crash_in_code_that_comes_to_nothing_names_no_number(run):
    run("raise ValueError\ndef worker(channel, payments): ...")
    assert run("simulate('start_here', crash=1)").out == (
        "nothing crashed, since effect 1 never happened in this run; give your code something to "
        "do\n"
    )


@pytest.mark.parametrize("crash", [0, -1, 1.5, "5", True])
def test_a_crash_is_the_number_of_an_effect(run, crash):
    with pytest.raises(ValueError, match="crash is the number of an effect, from 1, not "):
        simulate(NAME, crash=crash)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [("x = 1", "no cell defines worker"), ("def worker(:", "line 1 does not parse"),
     ("return\ndef worker(c, p): ...", "line 1 does not parse: 'return' outside function")],
)  # fmt: skip
def test_simulate_without_a_cell_that_can_be_run_is_one_sentence(run, source, sentence):
    run(source)
    done = run("simulate('start_here', crash=5)")
    assert done.out.startswith(f"CheckFailed: {sentence}")
    assert done.out.count("\n") <= 2


# --- timeline ----------------------------------------------------------------------------------


def shown(what: object) -> list[dict[str, str]]:
    with capture_output() as captured:
        timeline(what)  # type: ignore[arg-type]
    return [each.data for each in captured.outputs]


def test_the_timeline_of_a_simulation_a_judgement_and_a_token_are_the_same(run):
    run(TWICE)
    simulated, judged = simulate(NAME, crash=5), judge(NAME)
    [word] = [verdict.token for verdict in judged.verdicts if verdict.token]
    assert word == simulated.token
    one, other, again = (without_ids(shown(what)) for what in (simulated, judged, word))
    assert one == other == again != []


def test_pictures_of_one_run_on_one_page_share_no_id(run):
    run(TWICE)
    simulated = simulate(NAME, crash=5)
    ids = [*ids_of(shown(simulated)), *ids_of(shown(simulated)), *ids_of(shown(simulated))]
    assert len(set(ids)) == len(ids) == 6


def ids_of(outputs: list[dict[str, str]]) -> list[str]:
    return re.findall(r' id="([^"]+)"', outputs[0]["image/svg+xml"])


def without_ids(outputs: list[dict[str, str]]) -> list[dict[str, str]]:
    return [
        {kind: re.sub("tl[0-9a-f]{12}", "tl", said) for kind, said in each.items()}
        for each in outputs
    ]


def test_a_judgement_without_a_failure_has_no_timeline(run, capsys):
    run(GOOD)
    judged = judge(NAME)
    assert shown(judged) == []
    timeline(judged)
    assert capsys.readouterr().out == (
        "no promise was broken, so there is no failing schedule to show\n"
    )


def test_a_token_for_other_code_is_refused(run):
    run(TWICE)
    word = simulate(NAME, crash=5).token
    run(GOOD)
    with pytest.raises(BadToken, match="was made for other code than the cell that was last run"):
        timeline(word)
    run(TWICE + "\n\n")
    assert shown(word) != []


def test_a_token_for_other_code_does_not_even_run(run, monkeypatch):
    run(TWICE)
    word = simulate(NAME, crash=5).token
    run(GOOD)
    monkeypatch.setattr(notebook, "one_run", lambda *_: pytest.fail("it was run"))
    with pytest.raises(BadToken):
        timeline(word)


def test_a_token_for_another_version_is_refused_as_such(run):
    run(TWICE)
    version = load(NAME).version
    word = simulate(NAME, crash=5).token.replace(f"/{version}@", f"/{version + 1}@")
    with pytest.raises(BadToken, match=f"is for version {version + 1} of start_here and this is"):
        timeline(word)


def test_a_word_that_is_no_token_is_refused(run):
    with pytest.raises(BadToken, match="'nonsense' is no replay token"):
        timeline("nonsense")


# --- step --------------------------------------------------------------------------------------

MISSING = "to step through it, install anywidget: pip install 'ackademy[lab]'\n"
WIDGET = "application/vnd.jupyter.widget-view+json"


def stepped(what: object = None) -> dict[str, str]:
    with capture_output() as captured:
        step(what)  # type: ignore[arg-type]
    [output] = captured.outputs
    return output.data


def test_step_shows_one_output_a_widget_with_the_picture_and_the_words_beside_it(run):
    run(TWICE)
    data = stepped(simulate(NAME, crash=5))
    assert sorted(data) == [WIDGET, "image/svg+xml", "text/plain"]
    assert "charged again" in data["image/svg+xml"]
    assert "◀ charged again" in data["text/plain"]


def test_step_without_words_is_about_what_was_shown_last(run, monkeypatch):
    titles = []
    monkeypatch.setattr(viewer, "widget", lambda shown, still: titles.append(shown["title"]))
    run(TWICE)
    for cell in (
        "simulate('start_here')", "judge('start_here')",
        "timeline(simulate('start_here', crash=3))", "check('start_here', 'charged_once')",
    ):  # fmt: skip
        run(cell)
        run("step()")
    assert titles == [
        "A run without faults",
        "worker#1 crashes at effect 5",
        "worker#1 crashes at effect 3",
        "worker#1 crashes at effect 5",
    ]


def test_step_without_words_does_not_show_again_what_stands_above(run):
    run(TWICE)
    run("simulate('start_here', crash=5)")
    [data] = run("step()").shown
    assert sorted(data) == [WIDGET, "text/plain"]
    assert data["text/plain"].startswith("The timeline above, row by row: ")


def test_step_takes_what_timeline_takes(run):
    run(TWICE)
    simulated, judged = simulate(NAME, crash=5), judge(NAME)
    for what in (simulated, judged, simulated.token):
        assert stepped(what)["text/plain"].startswith("worker#1 crashes at effect 5")


def test_step_before_anything_was_shown_is_one_sentence(run):
    done = run("step()")
    assert done.out == "no timeline was shown yet; run a check, judge or simulate first\n"
    assert done.shown == []


def test_without_anywidget_step_shows_the_timeline_and_says_what_is_missing(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    viewer._kind.cache_clear()
    run(TWICE)
    run("simulate('start_here', crash=5)")
    done = run("step()")
    assert done.out == MISSING
    assert done.shown == []
    done = run("step(simulate('start_here', crash=5))")
    assert done.out == MISSING
    assert [sorted(each) for each in done.shown] == [
        ["image/svg+xml", "text/plain"],
        ["text/html", "text/plain"],
    ]


# --- wide pictures -----------------------------------------------------------------------------


def rule(width: str) -> str:
    picture = f'<svg width="{width}" height="9" aria-labelledby="tl0a1t"></svg>'
    with capture_output() as captured:
        show(Pieces(picture, "words"))
    return captured.outputs[1].data["text/html"].replace(FITTED, "").partition("<details>")[0]


def test_a_picture_too_wide_for_a_column_is_shrunk_a_little_and_scrolls():
    assert 'img[src*="tl0a1t"]{width:min(1430px,max(100%,1073px));max-width:none}' in rule("1430.2")
    assert ".jp-RenderedSVG{overflow-x:auto}" in rule("1430.2")


def test_a_picture_that_fits_has_no_rule_of_its_own():
    assert rule("999.5") == ""


# --- without a notebook ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: check(NAME, "charged_once"),
        lambda: judge(NAME),
        lambda: simulate(NAME),
        lambda: timeline("start_here/1@none#s0~a1b2c3d4"),
        lambda: step("start_here/1@none#s0~a1b2c3d4"),
    ],
    ids=["check", "judge", "simulate", "timeline", "step"],
)
@pytest.mark.parametrize("imported", [False, True], ids=["no IPython", "no shell"])
def test_outside_a_notebook_the_command_line_is_named(call, imported, monkeypatch):
    if imported:
        monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    else:
        monkeypatch.delitem(sys.modules, "IPython")
    with pytest.raises(NotInNotebook, match="from a terminal use ackademy check"):
        call()


# --- what a learner wrote is text --------------------------------------------------------------

EVIL = "</pre><script>alert('x')</script>"


def displayed(pieces: Pieces) -> list[dict[str, Any]]:
    with capture_output() as captured:
        show(pieces)
    return [each.data for each in captured.outputs]


def test_show_gives_the_picture_and_the_same_in_words():
    picture, words = displayed(Pieces("<svg/>", "a < b"))
    assert picture == {"image/svg+xml": "<svg/>", "text/plain": "a < b"}
    assert words["text/plain"] == "a < b"
    assert words["text/html"].endswith("<pre>a &lt; b</pre></details>")


def test_show_escapes_the_words():
    [_, words] = displayed(Pieces("<svg/>", EVIL))
    assert "<script>" not in words["text/html"]
    assert words["text/html"].count("</pre>") == 1


def test_nothing_that_a_learner_wrote_is_markup_in_what_is_shown(run):
    run(TWICE.replace("    for ", f"    print({EVIL!r})\n    for ", 1))
    done = run("simulate('start_here', crash=5)")
    assert EVIL in done.shown[1]["text/plain"]
    for each in done.shown:
        for kind in ("image/svg+xml", "text/html"):
            assert "<script>" not in each.get(kind, "")


# --- an optional part --------------------------------------------------------------------------


def test_an_optional_part_that_nobody_has_begun_is_no_failure(run):
    for cell in ("", "def redrive(channel):\n    raise NotImplementedError"):
        run(cell)
        done = run("check('redrive', 'redriven')")
        assert (done.error, done.value) == (None, 0)
        assert done.out.startswith("? redriven, optional: not written yet; define redrive in a ")


def test_an_optional_part_that_is_wrong_fails_like_any_other(run):
    run(next(each.source for each in chaffs("redrive") if each.name == "acks_first"))
    done = run("check('redrive', 'redriven')")
    assert type(done.error) is CheckFailed
    assert str(done.error).startswith("✗ redriven, optional: order-")
