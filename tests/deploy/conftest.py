"""The site behind a real nginx, started once for all tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.deploy.nginx import Nginx
from tests.deploy.web_server import WebServer
from tests.programs import find_program

BEHIND_NGINX = {
    "BEHIND_TLS_PROXY": "1",
    "EXPORT_ACCEL_LOCATION": "/_exports/",
    "SITE_URL": "https://localhost",
    "API_LIMIT": "300",
}


@pytest.fixture(scope="session")
def nginx_program() -> str:
    """Return the path of nginx."""
    return find_program("nginx", package="nginx-light")


@pytest.fixture(scope="module")
def nginx(
    nginx_program: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Nginx]:
    """Return an nginx with the site behind it, on the test's database."""
    folder = tmp_path_factory.mktemp("nginx")
    web_server = WebServer(folder / "gunicorn.log", **BEHIND_NGINX)
    try:
        server = Nginx(nginx_program, folder, upstream=web_server.port)
        yield server
        server.stop()
    finally:
        web_server.stop()


@pytest.fixture
def lonely_nginx(nginx_program: str, tmp_path: Path) -> Iterator[Nginx]:
    """Return an nginx without an application server behind it."""
    server = Nginx(nginx_program, tmp_path, upstream=1)
    yield server
    server.stop()
