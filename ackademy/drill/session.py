"""One go at a drill: replies in; what to show and the next question out."""

from collections.abc import Sequence

from ackademy.drill.steps import Choose, Mend, Number, Question, Reply, Script, Show, Shown, ShowRun


class Session:
    """Where a script stands.

    `shown` is what it showed since the last reply, `asked` the question it waits with (None when
    it is over), `replies` the answers so far that can be kept and given again.
    """

    def __init__(self, script: Script) -> None:
        self.shown: list[Shown] = []
        self.asked: Question | None = None
        self.replies: list[Reply] = []
        self._script = script
        self._go_on(None)

    @property
    def over(self) -> bool:
        """Whether nothing more is asked."""
        return self.asked is None

    def reply(self, reply: Reply) -> None:
        """Answer the question that is asked."""
        assert self.asked is not None, "a drill that is over takes no reply"
        # A source is not kept: it is in the learner's file, which may be newer.
        if not isinstance(self.asked, Mend):
            self.replies.append(reply)
        self._go_on(reply)

    def catch_up(self, replies: Sequence[Reply]) -> None:
        """Give earlier replies again, up to the first question that they do not fit. `shown` is
        then what somebody who comes back needs."""
        needed: list[Shown] = [step for step in self.shown if _again(step)]
        for reply in replies:
            if not _fits(self.asked, reply):
                break
            self.reply(reply)
            needed += [step for step in self.shown if _again(step)]
        if self.replies:
            self.shown = needed

    def _go_on(self, reply: Reply | None) -> None:
        self.shown = []
        self.asked = None
        while self.asked is None:
            try:
                step = self._script.send(reply)
            except StopIteration:
                return
            reply = None
            if isinstance(step, Show | ShowRun):
                self.shown.append(step)
            else:
                self.asked = step


def _again(step: Shown) -> bool:
    return isinstance(step, Show) and step.again


def _fits(question: Question | None, reply: Reply) -> bool:
    match question:
        case Choose(options=options):
            return isinstance(reply.value, int) and 0 <= reply.value < len(options)
        case Number():
            return isinstance(reply.value, int | float) and reply.value > 0
    return False
