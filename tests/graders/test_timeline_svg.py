import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from graders import timeline_svg
from graders.timeline import Lane, Row, Timeline, build
from graders.timeline_layout import LANES, SIDE_BY_SIDE, fit, layout, width
from graders.timeline_svg import svg
from graders.timeline_text import text
from tests.graders import stories

NAMESPACE = "{http://www.w3.org/2000/svg}"
STORIES = {
    "duplicate": (stories.FORGETS, "charged_once"),
    "lost": (stories.ACKS_FIRST, "nothing_lost"),
    "stuck": (stories.NEVER_ACKS, "queue_drained"),
    "poison": (stories.REQUEUES, "queue_drained"),
    "raises": (stories.RAISES, "queue_drained"),
}


@pytest.fixture(params=STORIES, scope="module")
def timeline(request: pytest.FixtureRequest) -> Timeline:
    verdict = stories.failing(*STORIES[request.param])
    assert verdict.witness is not None
    return build(verdict.witness, verdict.findings)


def one_row(said: str, name: str = "orders", note: str = "") -> Timeline:
    lanes = Lane("producer", "producer"), Lane("queue", name)
    anomaly = bool(note)
    return Timeline("t", lanes, (Row(0, 1, 0, 1, said, "publish", False, anomaly, note),))


def test_a_process_of_the_scenarios_own_is_not_called_the_learners_code() -> None:
    lanes = Lane("process", "client#1"), Lane("process", "payment server")
    words = shown(svg(Timeline("t", lanes, ())))
    assert [w for w in words if w in ("your code", "the shop's")] == ["your code", "the shop's"]


def parsed(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


def shown(picture: str) -> list[str]:
    """Every text of a picture, in full where it was cut."""
    found = []
    for element in parsed(picture).iter(f"{NAMESPACE}text"):
        full = element.find(f"{NAMESPACE}title")
        found.append(full.text or "" if full is not None else element.text or "")
    return found


def test_it_is_xml_with_a_title_and_a_description_that_it_names(timeline: Timeline) -> None:
    root = parsed(svg(timeline))
    title, description = root[0], root[1]
    assert root.get("role") == "img"
    assert (title.tag, title.text) == (f"{NAMESPACE}title", timeline.title)
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == description.get("id")


def test_the_description_tells_every_row_in_words(timeline: Timeline) -> None:
    told = parsed(svg(timeline))[1].text or ""
    for row in timeline.rows:
        assert row.text in told
        assert row.note in told


def test_every_text_of_the_picture_is_in_the_text_form_too(timeline: Timeline) -> None:
    words = " ".join(text(timeline).split())
    rows = [said for said in shown(svg(timeline)) if any(said == r.text for r in timeline.rows)]
    assert sorted(rows) == sorted(row.text for row in timeline.rows)
    for said in rows:
        assert " ".join(said.split()) in words


def test_names_and_texts_are_escaped() -> None:
    evil = '<script>alert("x")</script>&'
    picture = svg(one_row(evil, name=evil, note=evil))
    assert "<script" not in picture
    assert shown(picture).count(evil) == 3


def test_characters_that_xml_forbids_are_replaced() -> None:
    picture = svg(one_row("a\x00b\x1b\ud800c\ufffe", name="\x08"))
    picture.encode("utf-8")
    assert "a\ufffdb\ufffd\ufffdc\ufffd" in shown(picture)


def test_it_runs_nothing_and_loads_nothing(timeline: Timeline) -> None:
    picture = svg(timeline).replace('xmlns="http://www.w3.org/2000/svg"', "", 1)
    assert {element.tag.removeprefix(NAMESPACE) for element in parsed(svg(timeline)).iter()} <= {
        "svg", "title", "desc", "rect", "text", "line", "path", "circle",
    }  # fmt: skip
    for name in ("href", "http:", "https:", "url(", " onload", "@import"):
        assert name not in picture


def test_two_pictures_on_one_page_share_no_id() -> None:
    one, other = one_row("publish order-1"), one_row("publish order-2")
    pictures = svg(one) + svg(other) + svg(one, of="another check")
    ids = re.findall(r' id="([^"]*)"', pictures)
    assert len(ids) == 6
    assert len(set(ids)) == len(ids)


def test_the_same_timeline_is_the_same_picture_byte_for_byte(timeline: Timeline) -> None:
    assert svg(timeline) == svg(timeline)


def test_labels_stay_between_the_numbers_and_the_notes(timeline: Timeline) -> None:
    places = layout(timeline)
    for row, label in zip(timeline.rows, places.labels, strict=True):
        assert label.x >= LANES
        assert label.x + label.width <= (places.notes if row.anomaly else places.width)
        assert label.width >= width(label.shown, 12)


def test_a_label_wider_than_its_arrow_stays_in_the_picture_on_both_sides() -> None:
    lanes = tuple(Lane("queue", name) for name in ("a", "b", "c"))
    arrows = ((0, 1), (1, 2), (2, 0))
    rows = tuple(Row(0, 1, start, to, "x" * 55, "publish") for start, to in arrows)
    places = layout(Timeline("t", lanes, rows))
    first, last, across = places.labels
    assert first.x == pytest.approx(LANES + 4)
    assert last.x + last.width <= places.width
    assert last.x > first.x
    assert first.x <= across.x
    assert [label.shown for label in places.labels] == ["x" * 55] * 3


def test_what_does_not_fit_is_cut_and_stands_in_full_in_its_title() -> None:
    long = "x" * 240
    picture = svg(one_row(long, name="q" * 60, note="n" * 90))
    cut = [t.text or "" for t in parsed(picture).iter(f"{NAMESPACE}title")]
    assert {long, "q" * 60, "n" * 90} <= set(cut)
    places = layout(one_row(long, name="q" * 60, note="n" * 90))
    assert places.labels[0].shown.endswith("…")
    assert places.labels[0].x + places.labels[0].width <= places.notes
    assert places.width < 1_000


def test_a_text_that_fits_is_left_alone_and_a_cut_one_fits() -> None:
    assert fit("order-1", width("order-1", 12), 12) == "order-1"
    for room in range(10, 80):
        assert width(fit("order-1234567890", room, 12), 12) <= max(room, width("…", 12)) + 1e-9


def test_heads_do_not_overlap(timeline: Timeline) -> None:
    places = layout(timeline)
    ends = [
        (x - wide / 2, x + wide / 2)
        for lane, (x, wide) in enumerate(zip(places.lanes, places.heads, strict=True))
        if lane not in places.before
    ]
    for (_, right), (left, _) in pairwise(ends):
        assert right < left


def test_a_fault_is_a_cross_and_an_anomaly_a_pointer_not_only_colours() -> None:
    plain = Row(0, 1, 0, None, "x", "take")
    lanes = (Lane("process", "worker#1"),)
    fault = svg(Timeline("t", lanes, (Row(0, 1, 0, None, "x", "crash", fault=True),)))
    anomaly = svg(Timeline("t", lanes, (Row(0, 1, 0, None, "x", "take", anomaly=True),)))
    assert "<path" not in svg(Timeline("t", lanes, (plain,)))
    assert "<path" in fault
    assert "<path" in anomaly


def test_a_dead_incarnation_goes_on_as_a_dashed_line() -> None:
    rows = tuple(Row(0, 1, 0, None, "x", "take") for _ in range(3))
    alive, dead = Lane("process", "worker#1"), Lane("process", "worker#1", None, 1, True)
    assert "stroke-dasharray" not in svg(Timeline("t", (alive,), rows))
    assert "stroke-dasharray" in svg(Timeline("t", (dead,), rows))


def lives(count: int, late: bool = False) -> Timeline:
    """`count` incarnations that each take two rows; with `late` the first has a row at the end."""
    lanes = [Lane("queue", "orders"), Lane("process", "worker#1", None, 1, True)]
    rows = [Row(0, 1, 1, 0, "ack order-1", "settle"), Row(0, 1, 1, None, "crash", "crash", True)]
    for life in range(2, count + 1):
        lanes.append(Lane("process", f"worker#{life}", len(rows), len(rows) + 1, True))
        rows += [
            Row(0, 1, life, None, "starts again, memory empty", "start"),
            Row(0, 1, life, None, "crash", "crash", True),
        ]
    if late:
        rows.append(Row(0, 1, 1, 0, "requeue order-1: consumer timeout", "requeue"))
    return Timeline("t", (*lanes, Lane("ledger", "payments")), tuple(rows))


def test_a_few_incarnations_stand_side_by_side() -> None:
    assert len(set(layout(lives(SIDE_BY_SIDE)).lanes)) == SIDE_BY_SIDE + 2


def test_many_incarnations_stand_one_below_the_other_and_make_no_picture_wider() -> None:
    places = layout(lives(SIDE_BY_SIDE + 1))
    assert len(set(places.lanes[1:-1])) == 1
    assert places.lanes[0] < places.lanes[1] < places.lanes[-1]
    assert layout(lives(9)).width == places.width


def test_each_of_many_incarnations_has_its_head_where_it_begins() -> None:
    timeline = lives(5)
    picture, places = svg(timeline), layout(timeline)
    named = [
        (element.text or "", float(element.get("y") or 0))
        for element in parsed(picture).iter(f"{NAMESPACE}text")
        if (element.text or "").startswith("worker#")
    ]
    assert [name for name, _ in named] == [f"worker#{n}" for n in range(1, 6)]
    heads = dict(named)
    for lane in timeline.lanes[2:-1]:
        assert lane.born is not None
        assert places.top(lane.born) < heads[lane.name] < places.top(lane.born + 1)


def test_a_label_beside_a_head_does_not_lie_on_it() -> None:
    timeline = lives(5)
    places = layout(timeline)
    for row, label in zip(timeline.rows, places.labels, strict=True):
        if row.kind == "start":
            assert row.start is not None
            assert label.x > places.lanes[row.start] + places.heads[row.start] / 2


def test_incarnations_that_still_have_something_to_come_stay_side_by_side() -> None:
    assert len(set(layout(lives(5, late=True)).lanes)) == 7


def test_a_timeline_without_rows_or_lanes_can_be_drawn() -> None:
    assert parsed(svg(Timeline("nothing happened", (), ()))).tag == f"{NAMESPACE}svg"


@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        (timeline_svg.INK, "#ffffff", 4.5),
        (timeline_svg.FAINT, "#ffffff", 4.5),
        (timeline_svg.FAINT, timeline_svg.ANOMALY_BAND, 4.5),
        (timeline_svg.FAINT, timeline_svg.FAULT_BAND, 4.5),
        (timeline_svg.FAULT, "#ffffff", 4.5),
        (timeline_svg.FAULT, timeline_svg.FAULT_BAND, 4.5),
        (timeline_svg.ANOMALY, timeline_svg.ANOMALY_BAND, 4.5),
        (timeline_svg.ANOMALY_EDGE, timeline_svg.ANOMALY_BAND, 3.0),
        (timeline_svg.LINE, "#ffffff", 3.0),
        (timeline_svg.ALIVE_EDGE, "#ffffff", 3.0),
        *((timeline_svg.INK, ground, 4.5) for _, ground, _ in timeline_svg.HEADS.values()),
        *((timeline_svg.FAINT, ground, 4.5) for _, ground, _ in timeline_svg.HEADS.values()),
        *((edge, "#ffffff", 3.0) for _, _, edge in timeline_svg.HEADS.values()),
    ],
)
def test_colours_can_be_told_from_what_is_behind_them(ink: str, ground: str, least: float) -> None:
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_picture_shrinks_to_a_notebooks_column_but_never_below_what_can_be_read() -> None:
    def narrowest(timeline: Timeline) -> tuple[float, int]:
        root = parsed(svg(timeline)).attrib
        most, least = re.fullmatch(
            r"max-width:(.+);min-width:(\d+)px;height:auto", root["style"]
        ).groups()
        assert most == "100%"
        return float(root["width"]), int(least)

    many = Timeline("t", tuple(Lane("queue", f"q{n}") for n in range(14)), one_row("a").rows)
    wide, least = narrowest(many)
    assert 640 < least == round(0.7 * wide)
    small, least = narrowest(one_row("a"))
    assert least == round(small) < 640
