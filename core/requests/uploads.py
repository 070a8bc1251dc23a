"""Pages that take more than a form: files, or what another server reports."""

from collections.abc import Callable
from typing import TypeVar

from django.http.response import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def takes_up_to(size: int) -> Callable[[View], View]:
    """Have a view take bodies of up to `size` bytes, with files in them; all others take small forms alone.

    What it says is kept by `core.requests.bounds`, before anything is read.
    """

    def declare(view: View) -> View:
        view.takes_up_to = size  # type: ignore[attr-defined]
        return view

    return declare
