"""Tokens of members, and clients that send them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from api.models import Scope
from api.tokens import token_create

Api = Callable[..., Client]


def token_of(user: User, *scopes: str, name: str = "mine", lifetime: timedelta = timedelta(days=1)) -> str:
    """Return the secret of a new token, by default with every scope."""
    _token, secret = token_create(user=user, name=name, scopes=scopes or Scope.values, lifetime=lifetime)
    return secret


def client_of(user: User, *scopes: str, name: str = "mine") -> Client:
    """Return a client that sends a new token of the member's."""
    return Client(headers={"Authorization": f"Bearer {token_of(user, *scopes, name=name)}"})


@pytest.fixture(autouse=True)
def _no_limits_left_over(db: None) -> None:
    cache.clear()


@pytest.fixture
def api(susan: User) -> Client:
    """Susan's program, which may do everything."""
    return client_of(susan)
