"""One run, from the first row to the verdict."""

import logging
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from benchmarks.figures import as_markdown, as_text
from benchmarks.load import report
from benchmarks.load.costs import measure_costs, measure_room
from benchmarks.load.phase import Phase, run_phase
from benchmarks.load.plan import Member
from benchmarks.load.population import populate
from benchmarks.load.sizes import LARGE, LARGE_IN_HASTE
from e2e.chaos import checks
from e2e.whole_site import WholeSite
from exports.models import Archive
from tests.waiting import wait_until

WORKERS = 3
MAIL_TIMEOUT = 60  # seconds after the last export


def run(options: Namespace, folder: Path) -> int:
    """Do everything; return the exit status: 1 if a figure was missed, or an export lost."""
    quick = options.quick
    prepare()
    print(f"Filling a database with {options.members:,} members ...", flush=True)
    members = populate(options.members, exporting=options.exports, large=LARGE_IN_HASTE if quick else LARGE)
    with WholeSite(folder, workers=WORKERS) as site:
        print("What one of each costs ...", flush=True)
        costs = measure_costs(site, members, seconds=3 if quick else 20, number=4 if quick else 40)
        tenth, without, full = phases = run_phases(site, members, options)
        problems = list(check(site, phases))
        rooms = measure_room()
    figures = list(report.judged(tenth, without, full))
    rows = [figure.row(judged=not quick) for figure in figures]
    tables = [
        report.requests_table(tenth, full),
        report.exports_table(phases),
        report.memory_table(full),
        report.costs_table(costs),
        report.rooms_table(rooms),
    ]
    print("", *tables, as_text(rows), sep="\n\n")
    if options.write:
        report.write(options.write, "\n\n".join([as_markdown(rows), *tables]), "load")
    problems += [f"Missed: {figure.name}" for figure in figures if figure.met is False and not quick]
    print("", *problems or ["Nothing was missed."], sep="\n")
    return 1 if problems else 0


def prepare() -> None:
    """Create the tables and collect the static files."""
    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def run_phases(site: WholeSite, members: Sequence[Member], options: Namespace) -> tuple[Phase, Phase, Phase]:
    """Let a tenth of the members live, all of them without the large exports, and all with everything."""
    exporting, others = members[: options.exports], members[options.exports :]
    tenth = [*exporting[: options.exports // 10], *others[: len(others) // 10]]
    without = [member for member in members if member.size != "large"]
    length = options.seconds
    return (
        told(run_phase("a tenth", site, tenth, seconds=length / 2)),
        told(run_phase("all but the large ones", site, without, seconds=length / 2)),
        told(run_phase("all", site, members, seconds=length)),
    )


def told(phase: Phase) -> Phase:
    """Say how a phase went."""
    outcome = phase.outcome
    requests = sum(map(len, outcome.requests.values()))
    errors = ", ".join(f"{number} x {what}" for what, number in outcome.errors.items()) or "none"
    print(
        f"{phase.name}: {phase.members:,} members, {len(phase.exports)} exports in {phase.exporting_seconds:.1f} s, "
        f"{requests / outcome.seconds:.0f} requests a second for {outcome.seconds:.0f} s, errors: {errors}. "
        f"The crowd took {phase.cpu['crowd']:.2f} processors, and was {outcome.lateness:.0f} ms late (p95).",
        flush=True,
    )
    return phase


def check(site: WholeSite, phases: Sequence[Phase]) -> Iterator[str]:
    """Yield what is wrong: every export must be whole, downloaded as it was built, and mailed to its own member."""
    exports = [export for phase in phases for export in phase.exports]
    for export in exports:
        if not export.sha256:
            yield f"{export.username}'s export {export.task_id} ({export.kind}) came to no download: {export.status}"
    wait_until(lambda: not Archive.objects.filter(mail_due_at__isnull=False).exists(), MAIL_TIMEOUT, what="The mail")
    yield from checks.tasks_are_over()
    yield from checks.archives_are_whole({export.task_id: export.sha256 for export in exports if export.sha256})
    yield from checks.mails_arrived(zip(site.mail.messages, site.mail.recipients, strict=True))
    yield from checks.nothing_is_left_over([settings.VAR_DIR / "tmp"])
