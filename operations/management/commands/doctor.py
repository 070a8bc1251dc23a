"""`manage.py doctor`: run every check, and print a line for each finding.

For an operator who has just deployed, or who looks for a problem; for a monitor, by its exit status and `--json`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.management.base import BaseCommand, CommandParser

from core.checks import MAIL_HINT, MAIL_TIMEOUT, SMTP
from core.health import CHECKS, Check, Finding, Status, ok
from core.mail.messages import automatic
from operations.check_runner import run_side_by_side

TIME_LIMIT = 20.0  # seconds for a check
STYLES = {Status.OK: "SUCCESS", Status.WARNING: "WARNING", Status.FAILING: "ERROR"}


class Command(BaseCommand):
    """`manage.py doctor [--json] [--send-mail ADDRESS]`."""

    help = "Checks settings, packages, database, queue, workers, storage and email. Exit status 1 if a check fails."
    requires_system_checks: list[str] = []  # a check runs them

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--send-mail", metavar="ADDRESS", help="send a test email to this address")
        parser.add_argument("--time-limit", type=float, default=TIME_LIMIT, help="seconds that a check may take")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the checks, print what they find, and exit with 1 if one is failing."""
        checks = [*CHECKS.values()]
        if address := options["send_mail"]:
            checks.append(Check("test email", partial(send_test_email, address), MAIL_HINT))
        found = []
        for check, findings in run_side_by_side(checks, time_limit=options["time_limit"]):
            found += [(check.name, finding) for finding in findings]
            if not options["json"]:
                for finding in findings:
                    self._print(check.name, finding)
        counts = Counter(finding.status for _name, finding in found)
        if options["json"]:
            shown = [
                {"check": name, "status": finding.status.label, "text": str(finding.text), "hint": str(finding.hint)}
                for name, finding in found
            ]
            self.stdout.write(json.dumps({"ok": not counts[Status.FAILING], "findings": shown}, indent=2))
        else:
            self.stdout.write(", ".join(f"{counts[status]} {status.label}" for status in Status))
        if counts[Status.FAILING]:
            sys.exit(1)

    def _print(self, name: str, finding: Finding) -> None:
        style = getattr(self.style, STYLES[finding.status])
        text = f": {finding.text}" if finding.text else ""
        hint = f"  -> {finding.hint}" if finding.hint else ""
        self.stdout.write(f"{style(f'{finding.status.label:<7}')}  {name}{text}{hint}")


def send_test_email(address: str) -> Iterator[Finding]:
    """Send an email; raises whatever the mail backend raises."""
    body = f"manage.py doctor of {settings.SITE_URL} sent this test email. You don't need to do anything."
    connection = get_connection(timeout=MAIL_TIMEOUT) if settings.EMAIL_BACKEND == SMTP else get_connection()
    message = EmailMultiAlternatives("[Microblog] A test", body, to=[address], connection=connection)
    automatic(message).send()
    yield ok(f"accepted for {address}; check that it arrives, and not as spam")
