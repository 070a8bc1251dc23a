"""One soak, from the first row to the verdict."""

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from accounts.models import Session, User
from benchmarks.load.crowd import Crowd, crowd
from benchmarks.load.figures import percentile
from benchmarks.load.plan import Outcome, Plan
from benchmarks.load.population import populate, sign_in
from benchmarks.load.report import write
from benchmarks.load.run import WORKERS, prepare
from benchmarks.soak import samples
from benchmarks.soak.events import Events
from benchmarks.soak.mail import MailCount
from benchmarks.soak.verdict import DUE, Growth, table
from e2e.chaos import checks
from e2e.whole_site import WholeSite
from tests.waiting import wait_until

MEMBERS, EXPORTING, LARGE = 200, 30, 20_000
READ_EVERY, EXPORT_PAUSE = 40.0, 15.0  # seconds, on average
SAMPLE_EVERY, EVENT_EVERY = 10.0, 25.0  # seconds
SETTLES = 20.0  # seconds before the first event
MAIL_PATIENCE = 90.0  # seconds
PATIENCE = 180.0  # seconds for the last exports


def run(options: Namespace, folder: Path) -> int:
    """Do everything; return the exit status: 1 if something grew, or went wrong."""
    prepare()
    members = populate(MEMBERS, exporting=EXPORTING, large=LARGE)
    seconds = options.minutes * 60
    with WholeSite(folder, workers=WORKERS, mail_server=MailCount) as site:
        plan = Plan(
            site.port,
            members,
            seconds,
            read_every=READ_EVERY,
            exports_at=5,
            export_pause=EXPORT_PAUSE,
            give_up_after=seconds + PATIENCE,
        )
        events = Events(site)
        with crowd(plan) as there:
            series = soak(site, events, there, seconds)
            outcome = there.outcome()
        problems = list(check(site, events, outcome))
    growths = [Growth(name, values, due=series[DUE]) for name, values in series.items() if max(values)]
    figures = [summary(options, events, outcome), table(growths)]
    print("", *figures, sep="\n\n")
    if options.write:
        write(options.write, "\n\n".join(figures), "soak")
    problems += [f"It grows: {growth.name}" for growth in growths if growth.has_grown]
    print("", *problems or ["Nothing grows, and nothing was lost."], sep="\n")
    return 1 if problems else 0


def soak(site: WholeSite, events: Events, there: Crowd, seconds: float) -> dict[str, list[float]]:
    """Look, and let things happen, for so many seconds; return all that was seen."""
    series: dict[str, list[float]] = {}
    started = time.monotonic()
    sample_at, event_at = started + SAMPLE_EVERY, started + SETTLES
    number = 0
    while time.monotonic() < started + seconds and not there.is_over:
        time.sleep(max(0.0, min(sample_at, event_at, started + seconds) - time.monotonic()))
        if time.monotonic() >= sample_at:
            sample_at += SAMPLE_EVERY
            number += 1
            for name, value in samples.take(site).items():
                # What comes up later was not there before.
                series.setdefault(name, [0.0] * (number - 1)).append(value)
            visit_briefly()
        if time.monotonic() >= event_at:
            event_at += EVENT_EVERY
            print(f"{time.monotonic() - started:6.0f} s  {events.next()}", flush=True)
    return {name: values + [0.0] * (number - len(values)) for name, values in series.items()}


def visit_briefly() -> None:
    """Let somebody sign in and never come back: their session ends after a while, and is to be removed."""
    key = sign_in(User.objects.earliest("pk"))
    ends_at = timezone.now() + timedelta(days=settings.EXPORT_RETENTION_DAYS)
    Session.objects.filter(session_key=key).update(expire_date=ends_at)


def check(site: WholeSite, events: Events, outcome: Outcome) -> Iterator[str]:
    """Yield what went wrong: every request must be answered, save while the web server was away; no export be lost."""
    wrong = Counter(what for moment, what in outcome.troubles if not events.is_in_gap(moment))
    yield from (f"{number} x {what}" for what, number in wrong.items())
    for export in outcome.exports:
        if export.status != "succeeded":
            yield f"{export.username}'s export {export.task_id} ({export.kind}) is {export.status or 'lost'}"
    mail = site.mail
    assert isinstance(mail, MailCount)
    succeeded = {export.task_id for export in outcome.exports if export.status == "succeeded"}
    with suppress(AssertionError):
        wait_until(lambda: succeeded <= mail.task_ids, MAIL_PATIENCE)
    yield from (f"Task {task_id} succeeded and was never mailed" for task_id in succeeded - mail.task_ids)
    yield from checks.tasks_are_over()


def summary(options: Namespace, events: Events, outcome: Outcome) -> str:
    """Return what the soak was, in words."""
    requests = sum(map(len, outcome.requests.values()))
    polls, pages = (percentile(outcome.requests.get(what, []), 95) for what in ("poll", "page"))
    unanswered = sum(events.is_in_gap(moment) for moment, _what in outcome.troubles)
    return (
        f"{options.minutes:g} minutes, postgresql, {WORKERS} workers, {MEMBERS} members with an open tab, "
        f"{EXPORTING} of whom export repeatedly. {requests:,} requests, {len(outcome.exports):,} exports, "
        f"{events.count} events. 95 % of polls took at most {polls:.0f} ms, of pages {pages:.0f} ms. Refused "
        f"while the web server restarted: {unanswered} requests."
    )
