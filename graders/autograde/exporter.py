"""nbgrader's way to a submission, with a door in it.

nbgrader offers no step of ours between finding a submission and copying its files, and its
hooks cannot say no. But it makes the exporter first, and gives it the converter as parent.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter

from graders.autograde.intake import read, refuse_links
from graders.autograde.one_engine import one_engine
from graders.autograde.released import read_release
from graders.autograde.settings import Ackademy


class SubmissionExporter(NotebookExporter):
    """Reads a submission by `graders.autograde.intake`, all else as nbconvert does.

    What is refused is an error of that one submission: nbgrader names it, removes what it made
    of it, goes on with the next, and ends with exit code 1.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.released = cache(read_release)
        converter: Any = self.parent
        converter.init_destination = self._guarded(converter.init_destination)
        # nbgrader's next step is all of the batch.
        converter.convert_notebooks = one_engine()(converter.convert_notebooks)

    def from_file(
        self, file_stream: Any, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Convert an open notebook."""
        path = Path(file_stream.name)
        where = (resources or {}).get("nbgrader", {})
        if not where or path.parent != self._submission(where["assignment"], where["student"]):
            return super().from_file(file_stream, resources, **kwargs)
        settings = Ackademy(parent=self)
        notebook = read(path, settings.max_bytes, settings.max_cells)
        return self.from_notebook_node(notebook, resources, **kwargs)  # type: ignore[no-untyped-call]

    @property
    def _course(self) -> Any:
        converter: Any = self.parent
        return converter.coursedir

    def _submission(self, assignment_id: str, student_id: str) -> Path:
        course = self._course
        return Path(course.format_path(course.submitted_directory, student_id, assignment_id))

    def _guarded(self, init_destination: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
        """The first thing that nbgrader does for a submission, after a look at its links."""

        def guarded(assignment_id: str, student_id: str) -> bool:
            course = self._course
            folder = self._submission(assignment_id, student_id)
            submitted = Path(course.root, course.submitted_directory)
            refuse_links(folder, submitted if submitted in folder.parents else Path(course.root))
            return init_destination(assignment_id, student_id)

        return guarded
