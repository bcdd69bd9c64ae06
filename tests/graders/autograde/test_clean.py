"""A learner's markdown in a page: it can do nothing and load nothing."""

import pytest

from graders.autograde.clean import MOST, rendered


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[run](javascript:alert(1))",
        "<a href='java&#10;script:alert(1)'>run</a>",
        "<a href='data:text/html,x'>run</a>",
        "<svg onload=alert(1)><title><script>alert(1)</script></title></svg>",
        "<style>body{background:url(//tracker.example)}</style>",
        "<p style='background:url(//tracker.example)'>a</p>",
        "<iframe src='https://tracker.example'></iframe>",
        "<form action='https://tracker.example'><input></form>",
    ],
)
def test_what_could_run_is_text_or_gone(markdown: str) -> None:
    page = rendered(markdown).lower()
    for live in ("<script", "<svg", "<style", "<iframe", "<form", "<input"):
        assert live not in page
    # Escaped, these are words; in a tag they would be live.
    for tag in page.split("<")[1:]:
        inside = tag.partition(">")[0]
        assert not any(word in inside for word in ("onerror", "script:", "style=", "data:text"))


@pytest.mark.parametrize(
    "source",
    [
        "https://tracker.example/x.png",
        "//tracker.example/x.png",
        "&#47;/tracker.example/x.png",
        " //tracker.example/x.png",
        "/\\tracker.example/x.png",
        "/\t/tracker.example/x.png",
        "data:image/svg+xml;base64,AAAA",
        "file:///etc/passwd",
    ],
)
def test_a_picture_from_elsewhere_is_not_loaded(source: str) -> None:
    assert "src" not in rendered(f'<img alt="a" src="{source}">')


@pytest.mark.parametrize(
    "source", ["data:image/png;base64,AAAA", "queue.png", "pictures/queue.png"]
)
def test_a_picture_in_the_page_or_beside_it_is_shown(source: str) -> None:
    assert f'src="{source}"' in rendered(f"![a queue]({source})")


def test_ordinary_markdown_is_what_it_was() -> None:
    page = rendered(
        "# Title\n\na *b* `c` [docs](https://docs.example)\n\n| x |\n|---|\n| 1 |\n\n"
        "<details><summary>more</summary>text</details>\n\n```python\nx = 1\n```\n"
    )
    for piece in (
        "<h1>Title</h1>", "<em>b</em>", "<code>c</code>", '<a href="https://docs.example">docs</a>',
        "<td>1</td>", "<details><summary>more</summary>text</details>", '<span class="n">x</span>',
    ):  # fmt: skip
        assert piece in page


@pytest.mark.parametrize("markdown", ["![gone](attachment:x.png)<b>", "<b>" * MOST])
def test_what_cannot_be_drawn_is_shown_as_it_was_written(markdown: str) -> None:
    page = rendered(markdown)
    assert page.startswith("<pre>")
    assert "<b>" not in page
