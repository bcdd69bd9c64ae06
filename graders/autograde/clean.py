"""A learner's markdown as HTML that can do nothing and loads nothing.

Only what is listed here gets through, and pictures only when they are in the page or beside it;
anything else is shown as the text it was written as.
"""

import html
import re

import bleach  # type: ignore[import-untyped]
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = frozenset({
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div",
    "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "img", "ins", "kbd", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
ATTRIBUTES = {
    "*": {"title"},
    "a": {"href"},
    "code": {"class"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start"},
    "pre": {"class"},
    "span": {"class"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
}
# Beside the named schemes only what cannot have one. Browsers take a backslash for a slash, and
# skip blanks wherever they are.
LINK = re.compile(r"https?://|mailto:|#|[^:\\\s\x00-\x20]*\Z", re.IGNORECASE)
PICTURE = re.compile(
    r"data:image/(gif|jpeg|png|webp);base64,|(?!//)[^:\\\s\x00-\x20]*\Z", re.IGNORECASE
)
MOST = 100_000
"""A longer text is not parsed: the time that takes is not always proportional."""


def rendered(markdown: str) -> str:
    r"""A cell's or a comment's markdown as clean HTML.

    >>> rendered("a *b* <script>c</script>")
    '<p>a <em>b</em> &lt;script&gt;c&lt;/script&gt;</p>\n'
    """
    if len(markdown) > MOST:
        return _as_text(markdown)
    try:
        page = MarkdownWithMath(IPythonRenderer(escape=False, exclude_anchor_links=True))
        return cleaned(page.render(markdown))
    except Exception:  # nbconvert raises for a picture that is attached nowhere, among others
        return _as_text(markdown)


def cleaned(source: str) -> str:
    """HTML without anything that is not listed above."""
    text: str = bleach.clean(
        source, tags=TAGS, attributes=_is_allowed, protocols={"data", "http", "https", "mailto"}
    )
    return text


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and LINK.match(html.unescape(value)) is not None
    if name == "src":
        return tag == "img" and PICTURE.match(html.unescape(value)) is not None
    return name in ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set())


def _as_text(markdown: str) -> str:
    return f"<pre>{html.escape(markdown)}</pre>"
