"""The forms in which a member chooses what an export holds, one a kind, on the page of their exports."""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from accounts.models import User
from exports.choice import ArchiveChoice
from exports.estimates import Estimate, export_estimates
from exports.export_job import ExportJob
from exports.forms import ChoiceForm, is_choice
from exports.options import ExportOption, covered_until


@dataclass(frozen=True)
class Kind:
    """A kind of export on the page."""

    option: ExportOption
    estimate: Estimate
    """Of everything."""
    form: ChoiceForm
    chosen: Estimate | None
    """Of what the form holds, once the member has chosen something."""


def kind_of(request: HttpRequest) -> str:
    """Return the kind of export that a request names; it may not exist."""
    return (request.POST or request.GET).get("kind", "posts")


def kinds_shown(request: HttpRequest, user: User, options: dict[str, ExportOption]) -> list[Kind]:
    """Return every kind; the form of the one in the request, a POST or an address, is filled in."""
    data = request.POST or request.GET
    named = kind_of(request) if is_choice(data) else None
    estimates = export_estimates(user, [option.job for option in options.values()])
    kinds = []
    for kind, option in options.items():
        form = _form(user, option.job, estimates[option.job.name], data if kind == named else None)
        chosen = export_estimates(user, [option.job], form.choice)[option.job.name] if form.is_valid() else None
        kinds.append(Kind(option, estimates[option.job.name], form, chosen))
    return kinds


def choice_in(data: QueryDict, *, user: User, job: type[ExportJob]) -> ArchiveChoice | None:
    """Return what was chosen in a sent form; None if the form has errors."""
    form = _form(user, job, export_estimates(user, [job])[job.name], data)
    return form.choice if form.is_valid() else None


def choice_query(data: QueryDict) -> str:
    """Return the form's fields for an address."""
    query = QueryDict(mutable=True)
    for name in ("kind", "choose", *ChoiceForm.base_fields):
        query.setlist(name, data.getlist(name))
    return query.urlencode()


def _form(user: User, job: type[ExportJob], estimate: Estimate, data: QueryDict | None) -> ChoiceForm:
    return ChoiceForm(data, kind=job.kind, estimate=estimate, covered_until=covered_until(user, job))
