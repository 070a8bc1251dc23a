"""Tags and filters for the pages of imports."""

from django import template
from django.utils.translation import pgettext_lazy

from imports.models import Import, Stage
from imports.reasons import Reason
from tasks.job import DONE, OUTCOMES, Outcome
from tasks.models import Task, TaskStatus

BY_STAGE = {
    Stage.PREVIEW: Outcome(pgettext_lazy("import", "Waiting for you"), "text-bg-warning"),
    Stage.DONE: Outcome(pgettext_lazy("import", "Imported"), "text-bg-success"),
    Stage.UNDONE: Outcome(pgettext_lazy("import", "Undone"), "text-bg-secondary"),
}

register = template.Library()


@register.filter
def reason_words(reason: str) -> str:
    """Return why entries were left out, in words; a reason that only other code knows as it is."""
    return str(Reason(reason).label) if reason in Reason.values else reason


@register.simple_tag
def import_outcome(upload: Import, task: Task | None) -> Outcome:
    """Return what became of an import; of one on its way, what its latest task says, which failed if it was pruned."""
    status = TaskStatus(task.status) if task else TaskStatus.FAILED
    return BY_STAGE.get(Stage(upload.stage)) or OUTCOMES.get(status, DONE)
