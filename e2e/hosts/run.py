"""One run, from the first boot to the verdict."""

import logging
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from e2e.chaos import settling
from e2e.chaos.report import HOSTS_FIGURES, in_words, write
from e2e.hosts.outages import outages_table, suffer
from e2e.hosts.site import Site
from tasks.models import Task


def run(options: Namespace, folder: Path, variables: Mapping[str, str]) -> int:
    """Do everything; return the exit status: 1 if an end condition fails, or something took too long."""
    logging.disable(logging.INFO)
    with Site(folder, variables) as site:
        site.admit(options.members)
        outages, back = [], 0.0
        for way, name in product(options.ways, options.hosts):
            outages.append(suffer(site, name, way, options.seconds, since=back))
            back = time.monotonic()
            print(outages[-1], flush=True)
        settling.tasks_end([*site.members])
        problems = list(
            settling.end_conditions([*site.members], mails=site.mails, temporary_folders=site.temporary_folders())
        )
        figures = "\n\n".join([summary(options, site, len(outages)), outages_table(outages)])
    print("", figures, sep="\n")
    if options.write:
        write(options.write, figures, HOSTS_FIGURES)
    problems += [problem for outage in outages for problem in outage.problems()]
    print("", *problems or ["Every end condition holds."], sep="\n")
    return 1 if problems else 0


def summary(options: Namespace, site: Site, outages: int) -> str:
    """Return what the run was about, in words."""
    times = "the production's times" if options.production_times else "short times"
    tasks = Counter(Task.objects.values_list("status", flat=True))
    attempts = sum(Task.objects.values_list("attempt", flat=True))
    arrived = sum(1 for _mail in site.mails())
    return (
        f"{outages} outages, {times}, {len(site.members)} members. Exports: {in_words(tasks)}, in {attempts} attempts. "
        f"Mails that arrived: {arrived}."
    )
