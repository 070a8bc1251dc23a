"""Who sends a request, by the token in its Authorization header, checked before anything reads the body."""

from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from ninja.security.http import HttpAuthBase

from accounts.settings.preferences import language_of
from api.errors import ProblemError
from api.limits import limit_consume
from api.models import ApiToken, Scope
from api.tokens import token_find, token_note_use

JSON = "application/json"
MULTIPART = "multipart/form-data"


class Bearer(HttpAuthBase):
    """Requires a token with a scope, a request within the limits, and a body of one type.

    Not ninja's HttpBearer, which logs tokens in development.
    """

    openapi_scheme = "bearer"

    def __init__(self, scope: Scope, *, action: str = "", body: str = "") -> None:
        super().__init__()
        self.scope = scope
        self.action = action
        """The rate limit of what the request does, beside that of all requests."""
        self.body = body
        """The content type that is accepted; "" where no body is read."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        """Return the token; make its member the request's. Raises ProblemError."""
        token = self._token(request)
        request.user = token.user
        if language := language_of(token.user):
            translation.activate(language)
        _count(request, "api")
        self._demand_scope(token)
        if self.action:
            _count(request, self.action)
        token_note_use(token)
        if self.body and request.content_type != self.body:
            text = _("Send the body with Content-Type: %(type)s.") % {"type": self.body}
            raise ProblemError(415, text, headers={"Accept-Post": self.body})
        return token

    def _token(self, request: HttpRequest) -> ApiToken:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            text = _("Send a token: Authorization: Bearer mbt_...")
            raise ProblemError(401, text, headers={"WWW-Authenticate": "Bearer"})
        token = token_find(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            text = _("The token is invalid, expired or revoked.")
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise ProblemError(401, text, code="invalid_token", headers=challenge)
        return token

    def _demand_scope(self, token: ApiToken) -> None:
        if self.scope not in token.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{self.scope}"'
            text = _("The token doesn't have the scope %(scope)s.") % {"scope": self.scope}
            raise ProblemError(403, text, code="insufficient_scope", headers={"WWW-Authenticate": challenge})


def _count(request: HttpRequest, action: str) -> None:
    """Count the request against a rate limit. Raises ProblemError when that is reached."""
    if not limit_consume(request, action):
        raise ProblemError(429, _("You've done this too often in a short time. Wait and try again."))
