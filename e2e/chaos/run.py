"""One run, from the first sign-in to the verdict."""

import logging
import time
from argparse import Namespace
from collections import Counter
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from e2e.chaos import checks, settling
from e2e.chaos.api_clients import ApiClient
from e2e.chaos.imports import SIZE, rows
from e2e.chaos.injection import Injector
from e2e.chaos.population import populate
from e2e.chaos.recovery import RUNS_AGAIN, SAYS_SO, Recoveries
from e2e.chaos.report import Promise, faults_table, in_words, promises_table, write
from e2e.chaos.schedule import make_schedule
from e2e.chaos.site import Site
from e2e.chaos.timetable import launched
from imports.models import Stage
from imports.services.uploads import FOLDER
from imports.services.uploads import JOBS as IMPORT_JOBS
from tasks.models import Task
from tasks.models.task import TaskQuerySet
from tests.postgresql import Cluster

OVER = (Stage.DONE, Stage.UNDONE)


def run(options: Namespace, folder: Path, cluster: Cluster | None) -> int:
    """Do everything; return the exit status: 1 if an end condition fails, or the promise was broken."""
    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    exporting, importing = populate(options.members, options.importers)
    before = rows()
    with Site(folder, workers=options.workers) as site:
        recoveries = Recoveries(site.workers.is_any_alive, site.workers.is_any_at_work, site.is_told_that_nobody_works)
        injector = Injector(site.workers, site.queue, site.mail, cluster, recoveries)
        pause = 2.0 if options.production_times else 0.5
        site.admit(exporting, importing, programs=options.programs, pause=pause, seed=options.seed)
        site.follow_timetable(exporting[: options.schedules], pause=pause, seed=options.seed)
        recoveries.start()
        seconds = inject(options, injector)
        problems = settle(site, recoveries)
        problems += [f"{name}: the rows are not as before" for name, found in rows().items() if found != before[name]]
        figures = [
            summary(options, site, seconds),
            faults_table(injector.counts, injector.during_imports, recoveries.running_again),
            promises_table(promises := promises_of(recoveries)),
        ]
    print("", *figures, sep="\n\n")
    if options.write:
        write(options.write, "\n\n".join(figures))
    problems += [f"The promise was broken: {promise.name}" for promise in promises if not promise.is_kept]
    print("", *problems or ["Every end condition holds."], sep="\n")
    return 1 if problems else 0


def inject(options: Namespace, injector: Injector) -> float:
    """Inject the faults, saying each; return the seconds that it took."""
    started = time.monotonic()
    for number, fault in enumerate(make_schedule(options.seed, options.faults, options.pause), start=1):
        outcome = injector.inject(fault)
        print(f"{number:4} {time.monotonic() - started:7.2f} s  {fault}: {outcome}", flush=True)
    injector.finish()
    return time.monotonic() - started


def settle(site: Site, recoveries: Recoveries) -> list[str]:
    """Wait until the site has settled; return the remaining problems."""
    site.timetable.leave()
    settling.tasks_end(site.members)
    recoveries.stop()
    return [
        *settling.schedules_end_well(site.timetable, site.mails),
        *settling.imports_end_well(site.importers),
        *settling.end_conditions(
            site.exporters,
            mails=site.mails,
            temporary_folders=[settings.VAR_DIR / "tmp", settings.VAR_DIR / "imports" / FOLDER],
        ),
        *checks.tokens_stay_secret(site.logs),
        *(problem for member in site.members for problem in member.problems),
    ]


def promises_of(recoveries: Recoveries) -> list[Promise]:
    """Return the promise's two numbers."""
    again = [seconds for times in recoveries.running_again.values() for seconds in times]
    return [
        Promise("runs again, or is over, while a worker is alive", RUNS_AGAIN, again),
        Promise("says so when no worker is alive", SAYS_SO, recoveries.told),
    ]


def summary(options: Namespace, site: Site, seconds: float) -> str:
    """Return what the run was, and what it was about, in words."""
    times = "the production's times" if options.production_times else "short times"
    imports = Task.objects.filter(name__in=IMPORT_JOBS)
    exports = Task.objects.exclude(name__in=IMPORT_JOBS)
    ends = Counter(stage for importer in site.importers for stage, _pk in importer.checked if stage in OVER)
    programs = sum(isinstance(member, ApiClient) for member in site.exporters)
    timetable = site.timetable
    return (
        f"Seed {options.seed}, {options.faults} faults in {seconds / 60:.1f} minutes, {options.database}, {times}, "
        f"{options.workers} workers, {len(site.exporters)} members who export, {programs} of them by the API, "
        f"{len(timetable.usernames)} with a schedule, {len(site.importers)} who import. Exports: {outcomes(exports)}. "
        f"Scheduled among them: {len(timetable.due)} due, {outcomes(launched())}; "
        f"{len(timetable.pausing)} failures paused a schedule. "
        f"Imports of {SIZE:,} posts: {in_words(ends)}; their tasks: {outcomes(imports)}. "
        f"Mails that arrived: {len(site.mail.messages)}. What the site could not answer: {in_words(site.troubles)}."
    )


def outcomes(tasks: TaskQuerySet) -> str:
    """Return what has become of the tasks, and in how many attempts."""
    attempts = sum(tasks.values_list("attempt", flat=True))
    return f"{in_words(Counter(tasks.values_list('status', flat=True)))}, in {attempts} attempts"
