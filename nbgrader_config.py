"""nbgrader's configuration, for its commands and for Formgrader, run in this folder.

A course in another folder needs the same lines.
"""

from graders.autograde.config import configure

c = get_config()  # noqa: F821 (nbgrader puts it here)
configure(c)

c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"

# Another seed gives this class's exercises other scenarios, with the same promises.
# c.Ackademy.seed = 7
