"""Report errors to Sentry or a compatible service; imported only when SENTRY_DSN is set.

A report holds where something failed, never what a member wrote: see `discreet`.
"""

import logging
from typing import Any, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.rq import RqIntegration
from sentry_sdk.types import Event, Hint

from core.log_context import bound_ids
from operations.scrubbing import scrub


def start() -> None:
    """Report what is logged as an error, what views raise, and what jobs other than tasks raise.

    `tasks.runner` logs a task's failure as an error once, at its last attempt.
    """
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        integrations=[
            DjangoIntegration(transaction_style="function_name", middleware_spans=False, signals_spans=False),
            RqIntegration(),
            LoggingIntegration(level=None, event_level=logging.ERROR),
        ],
        auto_enabling_integrations=False,
        before_send=discreet,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=settings.SENTRY_TRACES_SAMPLE_RATE or None,
        before_send_transaction=discreet,
    )


def discreet(event: Event, _hint: Hint) -> Event:
    """Return the report without members' data, and with the ids of its log lines.

    The URL is removed because it can hold keys and names, and an exception's text because it can hold anything. The
    report names the view and the class of the error; the log has the rest under the same ids.
    """
    report: dict[str, Any] = cast(dict[str, Any], event)
    for part in ("user", "breadcrumbs", "modules"):
        report.pop(part, None)
    report["request"] = _request(report.get("request"))
    report["extra"] = _extra(report.get("extra", {}))
    report["transaction"] = scrub(report.get("transaction") or "")
    report["tags"] = {**report.get("tags", {}), **bound_ids()}
    if entry := report.get("logentry"):
        report["logentry"] = {"message": scrub(entry.get("message") or "")}
    for exception in report.get("exception", {}).get("values", []):
        exception["value"] = ""
    for span in report.get("spans", []):
        span.pop("data", None)
        span["description"] = scrub(span.get("description") or "")
    return event


def _extra(extra: dict[str, Any]) -> dict[str, Any]:
    """Return the failed job without its arguments, or the failed command without its options."""
    job = {name: value for name, value in extra.get("rq-job", {}).items() if name in {"job_id", "func"}}
    command = [*extra.get("sys.argv", [])][:2]
    return {name: value for name, value in {"rq-job": job, "sys.argv": command}.items() if value}


def _request(request: Any) -> dict[str, Any]:
    return {"method": request["method"]} if request and "method" in request else {}
