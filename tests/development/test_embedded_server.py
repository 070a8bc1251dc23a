"""The embedded queue server: shared by its users, stopped with the last of them, however they end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from redis import Redis

from development import embedded_server
from tests.mail_server import free_port
from tests.processes import has_ended
from tests.waiting import wait_until

JOIN = """
import sys
from pathlib import Path
from development import embedded_server
try:
    print(embedded_server.join(Path(sys.argv[1])), flush=True)
except embedded_server.EmbeddedServerError as error:
    sys.exit(f"refused: {error}")
sys.stdin.read()
"""
OFFER = """
import os, sys
from development import embedded_server
embedded_server.DEFAULT_URL = sys.argv[1]
embedded_server.offer_to(["manage.py", "rqworker", "default"])
print(os.environ.get("REDIS_URL", "nothing"))
"""


def join(var_dir: Path, **variables: str) -> "subprocess.Popen[str]":
    """Start a process that uses the server until its standard input ends; its first line is the server's URL."""
    return subprocess.Popen(
        [sys.executable, "-c", JOIN, str(var_dir)],
        cwd=embedded_server.BASE_DIR,
        env=os.environ | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def url_from(user: "subprocess.Popen[str]") -> str:
    assert user.stdout
    return user.stdout.readline().strip()


def server_of(url: str) -> psutil.Process:
    return psutil.Process(Redis.from_url(url).info("server")["process_id"])


@pytest.fixture
def start_user(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Return a function that starts a user of the server in `tmp_path`; all users end with the test."""
    users: list[subprocess.Popen[str]] = []

    def start(var_dir: Path = tmp_path, **variables: str) -> "subprocess.Popen[str]":
        users.append(join(var_dir, **variables))
        return users[-1]

    yield start
    for user in users:
        user.kill()
        user.communicate()


pytestmark = pytest.mark.processes
StartUser = Callable[..., "subprocess.Popen[str]"]


def test_users_that_start_at_once_share_one_server(start_user: StartUser) -> None:
    users = [start_user() for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        urls = list(pool.map(url_from, users))
    assert len({server_of(url).pid for url in urls}) == 1


def test_the_server_outlives_the_user_that_started_it(start_user: StartUser, tmp_path: Path) -> None:
    first, url = (user := start_user()), url_from(user)
    second = start_user()
    server = server_of(url_from(second))
    first.kill()
    first.wait()
    assert Redis.from_url(url).ping()
    second.kill()
    wait_until(lambda: has_ended(server), what="The server's end")
    wait_until(lambda: not embedded_server.socket_path(tmp_path).exists(), what="The socket's end")


def test_data_survives_a_restart(start_user: StartUser) -> None:
    first = start_user()
    Redis.from_url(url := url_from(first)).set("kept", "yes")
    first.kill()
    # The second joins while the first one's keeper may be just stopping the server.
    second = start_user()
    assert url_from(second) == url
    assert Redis.from_url(url).get("kept") == b"yes"


def test_joining_and_leaving_in_quick_turns_always_ends_on_a_living_server(start_user: StartUser) -> None:
    for number in range(6):
        user = start_user()
        assert Redis.from_url(url_from(user)).incr("turns") == number + 1
        user.send_signal(signal.SIGKILL)
        user.wait()


def test_the_server_dies_with_its_keeper(start_user: StartUser) -> None:
    server = server_of(url_from(start_user()))
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's death")
    keeper = server.parent()
    assert keeper
    keeper.kill()
    wait_until(lambda: has_ended(server), what="The server's end")


def test_a_new_user_starts_the_server_again_after_its_keeper_was_killed(start_user: StartUser) -> None:
    url = url_from(start_user())
    server = server_of(url)
    keeper = server.parent()
    assert keeper
    keeper.kill()
    wait_until(lambda: has_ended(server))
    assert server_of(url_from(start_user())).pid != server.pid


def test_the_keeper_leaves_the_tree_of_the_process_that_started_it(start_user: StartUser) -> None:
    user = start_user()
    url_from(user)
    assert psutil.Process(user.pid).children(recursive=True) == []


def test_a_stale_socket_is_replaced(start_user: StartUser, tmp_path: Path) -> None:
    path = embedded_server.socket_path(tmp_path)
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert embedded_server.running_url(tmp_path) is None
    assert Redis.from_url(url_from(start_user())).ping()


def test_a_path_too_long_for_a_socket_moves_the_socket_to_a_private_folder(
    start_user: StartUser, tmp_path: Path
) -> None:
    deep = tmp_path / ("long " * 30)
    url = url_from(start_user(deep))
    path = embedded_server.socket_path(deep)
    assert Redis.from_url(url).ping()
    assert not path.is_relative_to(tmp_path)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_next_user_gets_a_new_server_when_the_old_one_crashed(start_user: StartUser) -> None:
    url = url_from(start_user())
    server = server_of(url)
    server.kill()
    wait_until(lambda: has_ended(server))
    assert server_of(url_from(start_user())).pid != server.pid


def test_a_folder_that_cannot_be_written_is_one_clear_line(start_user: StartUser, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    user = start_user(tmp_path / "file" / "var")
    _, error = user.communicate()
    assert "refused:" in error
    assert "set VAR_DIR to another folder" in error
    assert len(error.strip().splitlines()) == 1


def offered(var_dir: Path, port: int, **variables: str) -> str:
    """Return the REDIS_URL that a worker gets where `port` is the default server's."""
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    result = subprocess.run(
        [sys.executable, "-c", OFFER, f"redis://127.0.0.1:{port}/0"],
        cwd=embedded_server.BASE_DIR,
        env=environment | {"VAR_DIR": str(var_dir)} | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Return a port on which somebody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_it_is_offered_when_no_server_is_configured_and_none_listens(tmp_path: Path) -> None:
    assert offered(tmp_path, free_port()) == embedded_server.url_of(tmp_path)


def test_a_configured_server_is_left_alone(tmp_path: Path) -> None:
    url = "redis://queue.example:6379/0"
    assert offered(tmp_path, free_port(), REDIS_URL=url) == url


def test_a_server_that_listens_is_used_instead(tmp_path: Path, taken_port: int) -> None:
    assert offered(tmp_path, taken_port) == "nothing"


def test_a_running_embedded_server_is_preferred_to_a_listening_one(
    start_user: StartUser, tmp_path: Path, taken_port: int
) -> None:
    url = url_from(start_user())
    assert offered(tmp_path, taken_port) == url


def test_in_production_a_server_that_is_down_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    assert offered(tmp_path, free_port(), SECRET_KEY="secret") == "nothing"


def test_commands_that_need_no_queue_start_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    for argv in (["manage.py"], ["manage.py", "migrate"], ["manage.py", "runserver", "--help"]):
        embedded_server.offer_to(argv)
    assert "REDIS_URL" not in os.environ
    assert not (tmp_path / "queue").exists()


def test_a_machine_without_a_wheel_gets_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Plan9")
    with pytest.raises(embedded_server.EmbeddedServerError, match="no server for this machine"):
        embedded_server.server_binary()
