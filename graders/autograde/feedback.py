"""The page that a learner gets: scores, comments, and the timeline of what went wrong.

It runs nothing and loads nothing, and says so to the browser as well. nbgrader's own page keeps
a learner's scripts, and loads one from the network.
"""

import html
from collections.abc import Iterable
from typing import Any

from nbconvert.exporters import TemplateExporter
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]
from traitlets import default

from graders.autograde.clean import MOST, rendered
from graders.autograde.config import TEMPLATES


class FeedbackExporter(TemplateExporter):
    """In the place of nbconvert's HTMLExporter, whose settings are Formgrader's as well and
    would have nbgrader's template win."""

    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "ackademy_feedback"

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [str(TEMPLATES)]

    def default_filters(self) -> Iterable[tuple[str, Any]]:
        """nbconvert's, and ours: ``rendered`` for markdown, ``coloured`` for Python."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "rendered", rendered
        yield "coloured", coloured

    def _init_resources(self, resources: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = super()._init_resources(resources)  # type: ignore[no-untyped-call]
        made["colours"] = HtmlFormatter().get_style_defs(".source")
        return made


def coloured(source: str) -> str:
    """Python, escaped, with a class for every kind of word."""
    if len(source) > MOST:
        return html.escape(source)
    page: str = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return page
