"""The Dockerfile and compose.yaml: what must hold of them, whatever else is changed."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from development.embedded_server import BASE_DIR

DEPLOY = BASE_DIR / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OF_THE_SITE = ["migrate", "web", "worker", "worker-large"]


def instructions(name: str) -> list[str]:
    """Return what stands after each instruction of this name, continued lines joined."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


# --- The image ------------------------------------------------------------------------------------------


def test_the_image_runs_as_an_unprivileged_user_and_stops_cleanly() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("\nCMD ")


def test_signals_reach_the_processes_and_not_a_shell() -> None:
    [command] = instructions("CMD")
    assert json.loads(command) == ["gunicorn", "--config", "deploy/gunicorn.conf.py"]
    [check] = instructions("HEALTHCHECK")
    assert 'CMD ["python", "deploy/check_web.py"]' in check
    assert not instructions("ENTRYPOINT")


def test_packages_are_installed_from_the_lock_with_hashes() -> None:
    assert "--require-hashes --only-binary :all: --requirement requirements.txt" in DOCKERFILE


def test_the_image_contains_every_app_and_nothing_else() -> None:
    copied = {source for line in instructions("COPY") if "--from" not in line for source in line.split()[:-1]}
    rooms = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    assert copied >= {*rooms, "manage.py", "requirements.txt", "locale", "static", "templates"}
    assert not copied & {".", "deploy", "tests", "tools", ".git", "var"}
    assert all((BASE_DIR / source).exists() for source in copied)


def test_the_image_contains_no_production_data() -> None:
    secrets = re.findall(r"SECRET_KEY=(\S+)", DOCKERFILE)
    assert secrets == ["build"]
    assert not any("SECRET_KEY" in line for line in instructions("ENV") + instructions("ARG"))


# --- The services ---------------------------------------------------------------------------------------


def test_every_service_restarts_by_itself() -> None:
    assert {name: service["restart"] for name, service in SERVICES.items() if name != "migrate"} == dict.fromkeys(
        SERVICES.keys() - {"migrate"}, "always"
    )


def test_the_queue_survives_a_restart() -> None:
    command = SERVICES["valkey"]["command"]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert SERVICES["valkey"]["volumes"] == ["valkey:/data"]


def test_each_service_has_the_time_it_needs_to_stop() -> None:
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > 8 + 5  # EXPORT_STOP_GRACE
    assert seconds(SERVICES["web"]["stop_grace_period"]) > 30  # gunicorn's graceful_timeout
    assert SERVICES["worker"]["init"] is SERVICES["web"]["init"] is True


@pytest.mark.parametrize("name", OF_THE_SITE)
def test_the_site_has_only_the_privileges_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service  # the image's own


def test_secrets_have_no_default_and_are_required() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    for found in re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|_KEY|HOST)\w*)(.*?)\}", text):
        assert found[1].startswith(":?"), found
    assert SERVICES["web"]["env_file"] == [".env"]
    example = (DEPLOY / "env.example").read_text()
    assert re.search(r"^SECRET_KEY=$", example, re.MULTILINE)


def test_only_nginx_is_exposed() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert all(SERVICES[name]["networks"] == ["data"] for name in ("postgres", "valkey"))
    assert SERVICES["nginx"]["networks"] == ["outside"]


def test_the_database_is_migrated_before_services_start() -> None:
    for name in ("web", "worker", "worker-large"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_nginx_can_read_the_archives_and_nothing_else() -> None:
    group = re.search(r"groupadd --gid (\d+) microblog", DOCKERFILE)
    assert group
    assert f"microblog:x:{group[1]}:nginx" in SERVICES["nginx"]["command"][2]
    assert "exports:/var/lib/microblog/exports:ro" in SERVICES["nginx"]["volumes"]
    assert not any(volume.startswith("var:") for volume in SERVICES["nginx"]["volumes"])


def test_the_nginx_lines_that_compose_replaces_exist() -> None:
    site = (DEPLOY / "nginx" / "microblog.conf").read_text()
    for old in re.findall(r"s/(\S+?)/\S+?/", SERVICES["nginx"]["command"][2]):
        assert re.search(old, site), old
