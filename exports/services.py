"""Start an export."""

from django.utils.translation import gettext as _

from accounts.models import User
from exports.choice import EVERYTHING, ArchiveChoice, ChoiceError
from exports.export_job import export_jobs
from tasks.models import Task
from tasks.services.launch import task_launch


def export_start(
    *, user: User, kind: str, choice: ArchiveChoice = EVERYTHING, actor: User | None = None, by_staff: bool = False
) -> Task:
    """Start an export of the member's data that holds what was chosen.

    Raises ChoiceError for an unknown kind, or a choice that the kind doesn't offer, and what `task_launch` raises.
    """
    jobs = export_jobs()
    if kind not in jobs:
        text = _("%(kind)s isn't a type of export. Choose one of: %(known)s.")
        raise ChoiceError(text % {"kind": repr(kind[:64]), "known": ", ".join(jobs)})
    params = choice.as_params()
    jobs[kind].read_params(params)
    return task_launch(user=user, name=jobs[kind].name, params=params, by_staff=by_staff, actor=actor)
