"""One run, from the check-out of the old code to the verdict."""

import logging
import os
import time
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings

from development import watchdog
from e2e.chaos import settling
from e2e.releases.release import Release, check_out, same_requirements
from e2e.releases.steps import STEPS, Scene
from e2e.releases.travellers import Traveller
from tests.faults.queue_servers import QueueServer
from tests.mail_server import MailServer
from tools.previous_release import BASE_DIR

# By its path: the module need not be there, or have this name, in the old code.
POPULATION = BASE_DIR / "e2e/chaos/population.py"
POPULATE = f"import django, runpy; django.setup(); runpy.run_path({str(POPULATION)!r})['populate'](4, 0)"


def run(previous: str, folder: Path) -> int:
    """Do everything; return the exit status."""
    logging.disable(logging.INFO)
    code = check_out(previous, folder / "previous")
    if not same_requirements(code):
        print("The previous release asks for other packages; it runs with those of this one here.")
    with ExitStack() as stack:
        watch = watchdog.start()
        stack.callback(watch.close)
        stack.callback(QueueServer(folder).kill)
        mail = MailServer()
        stack.callback(mail.stop)
        os.environ["EMAIL_URL"] = mail.url
        old = Release("old", code, logs=folder, guard=watch)
        new = Release("new", BASE_DIR, logs=folder, guard=watch)
        stack.callback(old.end)
        stack.callback(new.end)
        return play(prepare(old, new), mail)


def prepare(old: Release, new: Release) -> Scene:
    """Return the scene as it is before the release: the old code on its own database, with members."""
    old.manage("migrate", "--verbosity", "0")
    for release in (old, new):
        release.manage("collectstatic", "--verbosity", "0", "--no-input")
    old.run("-c", POPULATE)
    old.start_web()
    anna, boris, dmitri, farid = (Traveller(name, old) for name in ("anna", "boris", "dmitri", "farid"))
    return Scene(old, new, anna, boris, dmitri, farid)


def play(scene: Scene, mail: MailServer) -> int:
    """Take the steps, and look whether all is well; return the exit status."""
    for step in STEPS:
        started = time.monotonic()
        try:
            step(scene)
        except AssertionError as error:
            print(f"FAILED: {step.__doc__}\n{error}")
            return 1
        print(f"{time.monotonic() - started:6.1f} s  {step.__doc__}", flush=True)
    problems = list(end_conditions(scene, mail))
    print(*problems or ["Every end condition holds."], sep="\n")
    return 1 if problems else 0


def end_conditions(scene: Scene, mail: MailServer) -> list[str]:
    """Return what is wrong at the end, by what must hold after any run in which things die."""
    members = [scene.anna, scene.dmitri, scene.farid]
    settling.tasks_end([*members])
    gone = {"boris@example.com"}
    return list(
        settling.end_conditions(
            [*members],
            mails=lambda: [
                (message, to)
                for message, to in zip(mail.messages, mail.recipients, strict=True)
                if not gone.intersection(to)
            ],
            temporary_folders=[settings.VAR_DIR / "tmp"],
        )
    )
