"""Every wheat, every chaff and every hostile submission, through nbgrader's own batch.

One class hands in the release with each of them as the solution; marks are read from the
gradebook. The good ones stand between the hostile ones, so that harm would show.
"""

import json
import shutil
from pathlib import Path

import pytest

from graders.cell import solution
from graders.content import chaffs, wheats
from graders.spec import load
from tests.graders.autograde.course import NAME, REPOSITORY, Course, open_course

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

SPEC = load(NAME)
ALL = {check.id: float(check.points) for check in SPEC.checks}
NONE = dict.fromkeys(ALL, 0.0)
UNKNOWN = dict.fromkeys(ALL)
SOLUTIONS = REPOSITORY / "solutions" / NAME / f"{NAME}.ipynb"


def worker(*lines: str) -> str:
    return "\n".join(
        ["def worker(channel, payments, database):", *(f"    {line}" for line in lines)]
    )


HOSTILE = {
    "does-not-parse": (worker("return return"), NONE, "line 2 does not parse"),
    "magic": ("%time\n" + worker("pass"), NONE, "line 1 is a notebook command (%time)"),
    "never-polls": (worker("pass"), UNKNOWN, "worker never took a message from orders"),
    "loops-for-ever": (worker("while True: pass"), NONE, "worker looped without end in line 2"),
    "loops-in-c": (
        worker("import itertools", "sum(itertools.count())"),
        NONE,
        "worker ran on without calling anybody until its time was up",
    ),
    "survives-everything": (
        worker("while True:", "    try: channel.nothing()", "    except BaseException: pass"),
        NONE,
        "worker looped without end in line",
    ),
    "exits": (
        worker("import os", "os._exit(3)"),
        NONE,
        "worker ended its whole Python process (os._exit(3)) in line 3",
    ),
    "exits-for-real": (
        worker("import sys", "sys.modules['os']._exit(3)"),
        NONE,
        "worker ended its whole Python process",
    ),
    "ignores-signals": (
        worker(
            "import itertools, signal",
            "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):",
            "    signal.signal(number, signal.SIG_IGN)",
            "sum(itertools.count())",
        ),
        NONE,
        "worker ran on without calling anybody until its time was up",
    ),
    "eats-memory": (
        worker("hoard = [bytearray(1 << 36) for _ in range(64)]"),
        NONE,
        "worker raised MemoryError in line 2",
    ),
    "reads-the-solution": (
        worker(f"print(open({str(SOLUTIONS)!r}).read())"),
        NONE,
        "worker raised PermissionError",
    ),
    "prints-half-a-gigabyte": (
        worker("for _ in range(512): print('x' * (1 << 20))", "raise ValueError('done')"),
        NONE,
        "worker raised ValueError: done in line 3",
    ),
    "forks": (worker("import sys", "sys.modules['os'].fork()"), NONE, "raised PermissionError"),
    "speaks-for-itself": (
        worker(
            "import sys, json",
            "body = json.dumps({'end': ['hung', '', ''], 'line': 0, 'printed': ''}).encode()",
            "real = sys.modules['os']",
            "for fd in range(3, 64):",
            "    try: real.write(fd, len(body).to_bytes(4, 'big') + body)",
            "    except OSError: pass",
        ),
        NONE,
        "worker sent something that is no call of a client",
    ),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    root = tmp_path_factory.mktemp("class")
    shutil.copytree(REPOSITORY / "solutions" / NAME, root / "solutions" / NAME)
    made = open_course(root)
    assert made.api.generate_assignment(NAME)["success"]
    made.submit("untouched")
    made.submit("wheat-0", wheat_0())
    for wheat in wheats(NAME):
        made.submit(f"wheat-{wheat.name}", wheat.source)
    for chaff in chaffs(NAME):
        made.submit(f"chaff-{chaff.name}", chaff.source)
    for name, (source, _, _) in HOSTILE.items():
        made.submit(f"bad-{name}", source)
        made.submit(f"bad-{name}-next", wheat_0())
    done = made.api.autograde(NAME, "*")
    assert done["success"], done
    assert made.api.generate_feedback(NAME)["success"]
    return made


def wheat_0() -> str:
    cells = json.loads(SOLUTIONS.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return solution(sources, SPEC.entries)


def test_the_release_as_it_is_gets_nothing(course):
    from nbformat import read

    release = read(course.root / "exercises" / NAME / f"{NAME}.ipynb", 4)
    assert "raise NotImplementedError" in "".join(cell.source for cell in release.cells)
    # `submit` puts a stub of its own into the release; this one is the release itself.
    path = course.submission("untouched-release")
    path.parent.mkdir(parents=True)
    shutil.copy(course.root / "exercises" / NAME / f"{NAME}.ipynb", path)
    assert course.api.autograde(NAME, "untouched-release")["success"]
    assert course.scores("untouched-release") == NONE
    assert course.by_hand("untouched-release") == set()


@pytest.mark.parametrize("name", ["0", *(wheat.name for wheat in wheats(NAME))])
def test_every_wheat_gets_all_points(course, name):
    assert course.scores(f"wheat-{name}") == ALL


@pytest.mark.parametrize("chaff", chaffs(NAME), ids=lambda chaff: chaff.name)
def test_every_chaff_loses_exactly_the_checks_that_look_for_its_anomalies(course, chaff):
    failed = chaff.failed_checks(SPEC)
    assert course.scores(f"chaff-{chaff.name}") == {
        check: 0.0 if check in failed else points for check, points in ALL.items()
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_gets_its_sentence(course, name):
    _, scores, sentence = HOSTILE[name]
    assert course.scores(f"bad-{name}") == scores
    by_hand = set(ALL) if scores == UNKNOWN else set()
    assert course.by_hand(f"bad-{name}") == by_hand
    assert sentence in course.feedback(f"bad-{name}")


@pytest.mark.parametrize("name", HOSTILE)
def test_the_next_submission_is_untouched_by_a_hostile_one(course, name):
    assert course.scores(f"bad-{name}-next") == ALL


def test_nothing_of_a_learner_was_left_behind(course):
    kept = {path.relative_to(course.root).parts[0] for path in Path(course.root).iterdir()}
    assert kept <= {
        "solutions", "exercises", "submitted", "autograded", "feedback", "gradebook.db",
        ".nbgrader.log",
    }  # fmt: skip
