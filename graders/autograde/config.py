"""Putting ours in nbgrader's place: ``configure(c)`` in an nbgrader_config.py.

Everything goes in by name, so that this costs nothing until a command needs it.
"""

import os
import shutil
import sys
from pathlib import Path

from traitlets.config import Config


def configure(c: Config) -> None:
    """Set what grading needs. Directories and ``c.Ackademy`` are the course's own."""
    # nbgrader makes a gradebook with the help of a program that was installed with it, which is
    # not found in an environment that is used without being activated.
    if shutil.which("alembic") is None:
        programs = str(Path(sys.executable).parent)
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    c.Autograde.exporter_class = "graders.autograde.exporter.SubmissionExporter"
    # Mend does the work of ClearOutput, DeduplicateIds, OverwriteKernelspec and OverwriteCells,
    # of which two abort the whole batch for what one learner did.
    c.Autograde.sanitize_preprocessors = [
        "graders.autograde.mend.Mend",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    # RunChecks instead of Execute; then there is nothing to ignore, limit or clear.
    c.Autograde.autograde_preprocessors = [
        "graders.autograde.run_checks.RunChecks",
        "graders.autograde.save_verdicts.SaveVerdicts",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.GenerateFeedback.exporter_class = "graders.autograde.feedback.FeedbackExporter"
    c.GenerateFeedback.preprocessors = ["nbgrader.preprocessors.GetGrades"]
    # Formgrader draws a learner's markdown in the instructor's own JupyterLab, where a script
    # could do whatever the instructor can.
    c.HTMLExporter.filters = {"markdown2html": "graders.autograde.clean.rendered"}
    # When a cell was run, and how its output was folded, is no part of an exercise.
    c.ClearOutput.remove_metadata_fields = {
        "ExecuteTime", "collapsed", "execution", "jupyter", "scrolled",
    }  # fmt: skip


TEMPLATES = Path(__file__).parent / "templates"
