"""Running the checks: all at once, each in a thread of its own, so that none can keep the others waiting."""

import threading
import time
from collections.abc import Iterator, Sequence

from django.db import connections

from operations.doctor.findings import Check, Finding, fail, in_a_line

TIME_LIMIT = 20.0
"""Seconds after which a check that has not ended counts as failed."""


class Examination(threading.Thread):
    """One check at work. As a daemon it does not keep the process from ending, whatever it hangs in."""

    def __init__(self, check: Check) -> None:
        super().__init__(name=check.__name__.removeprefix("check_").replace("_", " "), daemon=True)
        self._check = check
        self.findings: list[Finding] = []

    def run(self) -> None:
        """Collect what the check finds; an error that it did not expect is a finding too."""
        try:
            for finding in self._check():
                self.findings.append(finding)
        except Exception as error:  # whatever is broken: it is what the doctor is asked for
            self.findings.append(fail(self.name, in_a_line(error), "Read the log of that part."))
        finally:
            connections.close_all()


def examine(checks: Sequence[Check], *, time_limit: float = TIME_LIMIT) -> Iterator[Finding]:
    """Run the checks; yield what they find, in their order, each as soon as all before it have ended."""
    examinations = [Examination(check) for check in checks]
    for examination in examinations:
        examination.start()
    deadline = time.monotonic() + time_limit
    for examination in examinations:
        examination.join(max(0.0, deadline - time.monotonic()))
        is_late = examination.is_alive()
        yield from list(examination.findings)
        if is_late:
            remedy = "Check that its host can be reached and that its disk responds."
            yield fail(examination.name, f"no answer in {time_limit:g} seconds", remedy)
