"""`manage.py doctor`: look at everything that the site needs, and say in a line each how it is.

For an operator who has just deployed, or who wonders what is wrong; for a monitor, by its exit status and `--json`.
"""

import json
import sys
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from operations.doctor.checks import CHECKS
from operations.doctor.examining import TIME_LIMIT, examine
from operations.doctor.findings import Finding, Level
from operations.doctor.mail import mail_check
from operations.doctor.secrets import masked

STYLES = {Level.OK: "SUCCESS", Level.WARN: "WARNING", Level.FAIL: "ERROR"}


class Command(BaseCommand):
    """`manage.py doctor [--json] [--send-mail ADDRESS]`."""

    help = "Looks at settings, versions, database, queue, workers, storage and mail. Exit status 1 if anything fails."
    requires_system_checks: list[str] = []  # it runs them itself, whatever is broken

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what can be asked for besides."""
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--send-mail", metavar="ADDRESS", help="send a test mail to this address")
        parser.add_argument("--time-limit", type=float, default=TIME_LIMIT, help="seconds that a check may take")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Look, tell, and end with 1 if anything fails."""
        checks = [*CHECKS, mail_check(options["send_mail"])] if options["send_mail"] else CHECKS
        findings = []
        for finding in examine(checks, time_limit=options["time_limit"]):
            findings.append(finding)
            if not options["json"]:
                self._say(finding)
        counts = Counter(finding.level for finding in findings)
        if options["json"]:
            self._say_json(findings)
        else:
            self.stdout.write(", ".join(f"{counts[level]} {level}" for level in Level))
        if counts[Level.FAIL]:
            sys.exit(1)

    def _say(self, finding: Finding) -> None:
        style = getattr(self.style, STYLES[finding.level])
        self.stdout.write(masked(str(finding)).replace(finding.level, style(finding.level), 1))

    def _say_json(self, findings: list[Finding]) -> None:
        told = [{name: masked(text) for name, text in finding.as_dict().items()} for finding in findings]
        is_well = all(finding.level is not Level.FAIL for finding in findings)
        self.stdout.write(json.dumps({"ok": is_well, "findings": told}, indent=2))
