"""Prints the address of every page of the site, one for each of its URL patterns: a process of its own, with Django."""

import json
import re
import sys
from collections.abc import Iterator

import django
from django.apps import apps

from tests.security.hostile import routes

# The administration is Django's, but for a column here and there.
FOREIGN = ("/admin/", "/healthz", "/readyz", "/metrics")
FRAGMENT = "/card/"  # a piece of a page, which a script puts into others
MORE = ["/nowhere/", "/explore/?before=nonsense", "/search/?q=soup", "/search/?q=xyzzy"]


def values() -> dict[str, str]:
    """Return what stands in the addresses: the demo's rows."""
    return {
        "post": str(apps.get_model("posts", "Post").objects.order_by("-pk").values_list("pk", flat=True)[0]),
        "task": str(apps.get_model("tasks", "Task").objects.values_list("pk", flat=True)[0]),
        "username": "chiara",
        "tag": "soup",
    }


def addresses() -> Iterator[str]:
    """Return an address of each route."""
    known = values()
    for route in routes():
        if route.startswith(FOREIGN) or route.endswith(FRAGMENT):
            continue
        known["pk"] = known["task"] if route.startswith(("/exports/", "/tasks/")) else known["post"]
        yield re.sub(r"<(\w+)>", lambda match: known.get(match[1], "1"), route)
    yield from [*MORE, "/user/demo/"]


if __name__ == "__main__":
    django.setup()
    json.dump(sorted(set(addresses())), sys.stdout)
