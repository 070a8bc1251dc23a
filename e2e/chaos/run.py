"""One run, from the first sign-in to the verdict."""

import logging
import time
from argparse import Namespace
from collections import Counter
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from e2e.chaos import settling
from e2e.chaos.injection import Injector
from e2e.chaos.population import populate
from e2e.chaos.recovery import RUNS_AGAIN, SAYS_SO, Recoveries
from e2e.chaos.report import Promise, faults_table, in_words, promises_table, write
from e2e.chaos.schedule import make_schedule
from e2e.chaos.site import Site
from tasks.models import Task


def run(options: Namespace, folder: Path) -> int:
    """Do everything; return the exit status: 1 if an end condition fails, or the promise was broken."""
    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    names = populate(options.members)
    with Site(folder, workers=options.workers) as site:
        recoveries = Recoveries(site.workers.is_any_alive, site.workers.is_any_at_work, site.is_told_that_nobody_works)
        injector = Injector(site.workers, site.queue, site.mail, recoveries)
        site.admit(names, pause=2.0 if options.production_times else 0.5, seed=options.seed)
        recoveries.start()
        seconds = inject(options, injector)
        problems = settle(site, recoveries)
        figures = [
            summary(options, site, seconds),
            faults_table(injector.counts, recoveries.running_again),
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
    for number, fault in enumerate(make_schedule(options.seed, options.faults), start=1):
        outcome = injector.inject(fault)
        print(f"{number:4} {time.monotonic() - started:7.2f} s  {fault}: {outcome}", flush=True)
    injector.finish()
    return time.monotonic() - started


def settle(site: Site, recoveries: Recoveries) -> list[str]:
    """Wait until the site has settled; return the remaining problems."""
    settling.tasks_end(site.members)
    recoveries.stop()
    return list(
        settling.end_conditions(
            site.members,
            mails=lambda: zip(site.mail.messages, site.mail.recipients, strict=True),
            temporary_folders=[settings.VAR_DIR / "tmp"],
        )
    )


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
    tasks = Counter(Task.objects.values_list("status", flat=True))
    attempts = sum(Task.objects.values_list("attempt", flat=True))
    return (
        f"Seed {options.seed}, {options.faults} faults in {seconds / 60:.1f} minutes, {options.database}, {times}, "
        f"{options.workers} workers, {len(site.members)} members. Exports: {in_words(tasks)}, in {attempts} attempts. "
        f"Mails that arrived: {len(site.mail.messages)}. What the site could not answer: {in_words(site.troubles)}."
    )
