"""A site in a bare Debian: installed by the guide, looked at from outside, and treated badly."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from e2e.deploy.guide import steps
from e2e.deploy.root import Root, sh
from e2e.deploy.visit import Member
from tests.mail_server import MailServer
from tests.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
PASSWORD = "correct-horse-battery"
POSTS = {"susan": 300, "paul": 250_000, "stranger": 1}

# Posts are written as members write them, only faster; an export of Paul's takes a while.
ADMIT = """
from allauth.account.models import EmailAddress
from accounts.models import User
from posts.models import Post
user = User.objects.create_user("{name}", "{name}@microblog.example", "{password}")
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
Post.objects.bulk_create((Post(author=user, body=f"Post {{n}}") for n in range({posts})), batch_size=5000)
"""


class Site:
    """Installs itself in `root`, `times` saying how long each step took, in seconds."""

    def __init__(self, root: Root, wheels: Path, mail: MailServer) -> None:
        self.root = root
        self.mail = mail
        self.times: list[tuple[str, float]] = []
        self.certificate = root.place / "etc/microblog/tls/fullchain.pem"
        sh("git", "clone", "--quiet", "--bare", str(CHECKOUT), str(root.place / "repository.git"))
        sh("cp", "-r", str(wheels), str(root.place / "wheels"))
        root.variables |= {"REPOSITORY": "/repository.git", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Note how many seconds a step takes."""
        print(f"--- {what}", flush=True)
        started = time.monotonic()
        yield
        self.times.append((what, time.monotonic() - started))

    def follow(self, heading: str) -> None:
        """Do what stands under a heading of the guide, word for word."""
        with self.timed(heading):
            for step in steps(heading):
                if "deploy/prepare" in step:
                    self._edit_settings()
                self.root.run(step)

    def _edit_settings(self) -> None:
        """Do what the guide asks an operator to do in an editor."""
        self.root.run(f"sed -i 's,^EMAIL_URL=.*,EMAIL_URL={self.mail.url},' /etc/microblog/env")

    def manage(self, *command: str) -> str:
        """Run a management command as the guide says; return what it prints."""
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
        return self.root.output(f"/srv/microblog/deploy/manage {quoted}")

    def admit_members(self) -> None:
        """Let members be there, with posts."""
        for name, posts in POSTS.items():
            self.manage("shell", "-c", ADMIT.format(name=name, password=PASSWORD, posts=posts))

    def sign_in(self, name: str) -> Member:
        """Return a member who has signed in, through nginx."""
        return Member(self.certificate, name, PASSWORD)

    def check_an_export(self) -> None:
        """Let a member export, and look at the file, the mail, and what others are told."""
        with self.timed("An export, its mail and its downloads"):
            susan = self.sign_in("susan")
            address = susan.export()
            susan.check_download(address, POSTS["susan"])
            assert self.sign_in("stranger").status(address) == 404
            assert susan.status("/_exports/") == susan.status("/_exports/1/") == 404
            wait_until(lambda: ["susan@microblog.example"] in self.mail.recipients, what="The mail")
        page = susan.open("/", {"Accept-Language": "es"}).read().decode()
        assert re.search(r"Inicio|Explorar", page), "The translations are not compiled"

    def check_who_may_read_what(self) -> None:
        """Check that nginx can read archives, other users nothing, and that the site can't change code."""
        modes = self.root.output("stat -c '%U:%G %a' /etc/microblog/env /var/lib/microblog /var/lib/microblog/exports")
        assert modes.split("\n")[:3] == ["root:microblog 640", "microblog:microblog 750", "microblog:microblog 750"]
        files = self.root.output("find /var/lib/microblog/exports -type f -printf '%m\n'")
        assert set(files.split()) == {"640"}
        # What is under `static` everybody can read on the site, too.
        skipped = "-path '*/exports' -prune -o -path '*/static' -prune -o"
        others = self.root.output(f"find /var/lib/microblog -mindepth 1 {skipped} -perm /0077 -print")
        assert not others, f"Others can read {others}"
        assert self.root.run("runuser -u microblog -- test -w /srv/microblog/manage.py", check=False) != 0
        assert self.root.run("runuser -u nobody -- cat /etc/microblog/env", check=False) != 0

    def workers(self) -> set[int]:
        """Return the processes that are workers, without those that they start themselves."""
        found = {process.pid: process.ppid() for process in self.root.processes() if is_worker(process)}
        return {pid for pid, parent in found.items() if parent not in found}

    def check_a_killed_worker(self, number: int) -> None:
        """Kill one of the `number` workers; another must take its place."""
        with self.timed("A worker is killed, and comes back"):
            before = self.workers()
            assert len(before) == number, before
            os.kill(min(before), signal.SIGKILL)
            wait_until(lambda: len(self.workers()) == number and self.workers() != before, 30, what="The worker")

    def check_a_restart(self, restart: str, seconds_at_most: float) -> None:
        """Restart everything in the middle of a large export, which the member must still get."""
        with self.timed("All is restarted in the middle of a large export"):
            paul = self.sign_in("paul")
            paul.post("/exports/", kind="posts")
            started = time.monotonic()
            self.root.run(restart)
            assert time.monotonic() - started < seconds_at_most
            wait_until(lambda: paul.status("/exports/") == 200, 60, interval=0.5, what="The site")
            address = wait_until(paul.files, 180, interval=1, what="The large file").pop()
            paul.check_download(address, POSTS["paul"])

    def check_a_site_that_is_away(self, stop: str, start: str) -> None:
        """Stop the web server: nginx must say so in words, until it is back."""
        member = self.sign_in("susan")
        self.root.run(stop)
        assert member.status("/") == 503
        self.root.run(start)
        wait_until(lambda: member.status("/") == 200, 60, interval=0.5, what="The site")


def is_worker(process: psutil.Process) -> bool:
    """Return whether it is a worker, one of those that workers start among them, and has not ended."""
    try:
        return "rqworker" in process.cmdline()
    except psutil.Error:
        return False
