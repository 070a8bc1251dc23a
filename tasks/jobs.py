"""The smallest job with progress: staff start it to see whether the workers work."""

import time
from typing import Any

from django.utils.translation import gettext_lazy as _

from tasks.job import Job, Result
from tasks.registry import register


@register
class Example(Job):
    """Count the seconds that the task's parameters name."""

    name = "example"
    label = _("Example")
    description = _("Counting seconds...")
    unit = _("seconds")
    staff_params = {"seconds": 20}

    def run(self) -> Result:
        """Let the seconds pass: that is the work."""
        seconds = int(self.task.params["seconds"])
        self.progress(0, seconds)
        for second in range(1, seconds + 1):
            time.sleep(1)
            self.progress(second)
        return Result(done=seconds)

    @classmethod
    def read_params(cls, params: dict[str, Any]) -> None:
        """Raise KeyError, TypeError or ValueError unless the parameters have the number of seconds."""
        int(params["seconds"])
