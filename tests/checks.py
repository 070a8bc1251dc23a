"""Running a check as the site does."""

from core.health import CHECKS, Status, worst


def status_of(name: str) -> Status:
    """Return the status of a registered check."""
    return worst(CHECKS[name].run())


def problems_of(name: str) -> list[str]:
    """Return the texts of the problems that a registered check finds."""
    return [str(finding.text) for finding in CHECKS[name].run() if finding.status is not Status.OK]


def hints_of(name: str) -> str:
    """Return the hints of a registered check's problems."""
    return " ".join(str(finding.hint) for finding in CHECKS[name].run())
