"""The steps that must work while two releases run side by side, in order. Each step builds on those
before it, and raises AssertionError when something does not work.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from e2e.releases.release import Release
from e2e.releases.travellers import Traveller, polling


@dataclass
class Scene:
    """The members, workers and servers of both releases."""

    old: Release
    new: Release
    anna: Traveller
    boris: Traveller
    dmitri: Traveller
    farid: Traveller
    begun: dict[str, str] = field(default_factory=dict)
    """By member: the export that was started before the release."""

    @property
    def members(self) -> list[Traveller]:
        """Return all members."""
        return [self.anna, self.boris, self.dmitri, self.farid]


def jobs_wait_in_their_old_form(scene: Scene) -> None:
    """The old release alone: members export, and no worker is there yet."""
    for member in scene.members:
        member.at(scene.old).sign_in()
        scene.begun[member.username] = member.exports("posts")


def the_new_code_migrates_under_the_old(scene: Scene) -> None:
    """The database is migrated while the old web server answers and the old worker works."""
    with polling(scene.members, [scene.old]):
        scene.old.start_worker()
        scene.new.manage("migrate", "--verbosity", "0")
        scene.anna.waits_for(scene.begun["anna"])
        scene.old.stop("worker")
    scene.old.manage("check")


def the_new_worker_runs_jobs_of_the_old_form(scene: Scene) -> None:
    """Run tasks that the old release queued on the new worker, while both are polled."""
    begun = {member: member.at(scene.old).exports("archive") for member in scene.members}
    scene.new.start_web()
    with polling(scene.members, [scene.old, scene.new]):
        scene.new.start_worker()
        for member, task_id in begun.items():
            member.at(scene.old).waits_for(task_id)
            member.at(scene.new).waits_for(scene.begun[member.username])
        scene.new.stop("worker")
    hand_out_the_same(scene, scene.dmitri, begun[scene.dmitri])


def the_old_worker_runs_jobs_of_the_new_form(scene: Scene) -> None:
    """Run tasks that the new release queued on an old worker, including the largest."""
    begun = {member: member.at(scene.new).exports(kind) for member in scene.members for kind in ("posts",)}
    large = scene.farid.exports("archive")
    with polling(scene.members, [scene.old, scene.new]):
        scene.old.start_worker()
        for member, task_id in begun.items():
            member.at(scene.new).waits_for(task_id)
        scene.farid.waits_for(large)
        scene.old.stop("worker")
    hand_out_the_same(scene, scene.farid, large)


def exports_are_cancelled_and_retried_across(scene: Scene) -> None:
    """Cancel at one release what the other started, and retry it there, while workers of both run."""
    scene.old.start_worker()
    scene.new.start_worker()
    for here, there in ((scene.old, scene.new), (scene.new, scene.old)):
        task_id = scene.farid.at(here).exports("archive")
        scene.farid.at(there).sends(f"exports/{task_id}/cancel/")
        scene.farid.waits_for(task_id, "cancelled")
        before = set(scene.farid.news)
        scene.farid.at(here).sends(f"exports/{task_id}/retry/")
        scene.farid.at(there).poll()
        [again] = set(scene.farid.news) - before
        scene.farid.waits_for(again)
        hand_out_the_same(scene, scene.farid, again)


def members_do_everything_across(scene: Scene) -> None:
    """Check that a session of the old release works at both, and that posts, follows and messages go both ways."""
    for here, there in ((scene.old, scene.new), (scene.new, scene.old)):
        anna, boris = Traveller("anna", scene.old), Traveller("boris", scene.old)
        for member in (anna, boris):
            member.sign_in()
            for release in (here, there):
                assert member.at(release).sees("exports/", member.username), f"{member} is not signed in at {release}"
        boris.at(here).sends("", body=f"Written at {here}")
        assert anna.at(there).sees("user/boris/", f"Written at {here}"), f"{there} does not show the post"
        anna.at(here).sends("user/boris/follow/")
        assert anna.at(there).sees("user/boris/", "Unfollow"), f"{there} does not know of the follow"
        anna.sends("user/boris/unfollow/")
        anna.at(here).sends("messages/boris/", body=f"From {here}")
        assert boris.at(there).sees("messages/anna/", f"From {here}"), f"{there} does not show the message"
        boris.sends("accounts/logout/")
        assert boris.at(here).ask("exports/")[0] == 302, f"boris is still signed in at {here}"


def an_account_ends_across(scene: Scene) -> None:
    """An account whose rows both releases wrote can be erased, though the old code may not know all of them."""
    scene.boris.at(scene.new).sign_in()
    scene.boris.waits_for(scene.boris.exports("posts"))
    erase = "from accounts.models import User; from django.utils import timezone; "
    erase += "User.objects.filter(username='boris').update(deletion_due_at=timezone.now())"
    scene.old.manage("shell", "-c", erase)
    scene.old.manage("delete_accounts")
    scene.new.manage("delete_accounts")
    status, _body = scene.anna.at(scene.old).ask("user/boris/")
    assert status == 404, "boris is still there"


def the_new_release_is_taken_back(scene: Scene) -> None:
    """Without the new code, the old one goes on, on the migrated database."""
    scene.new.stop("worker")
    scene.new.stop("web")
    for member in (scene.anna, scene.dmitri):
        member.at(scene.old).waits_for(member.at(scene.old).exports("archive"))


def the_new_release_stays(scene: Scene) -> None:
    """Without the old code, the new one goes on."""
    scene.old.stop("worker")
    scene.old.stop("web")
    scene.new.start_web()
    scene.new.start_worker()
    for member in (scene.anna, scene.dmitri, scene.farid):
        member.at(scene.new)


def hand_out_the_same(scene: Scene, member: Traveller, task_id: str) -> None:
    """Let both releases hand out a file."""
    digests = {member.downloads_from(release, task_id) for release in (scene.old, scene.new)}
    assert len(digests) == 1, f"The releases hand out two different files for {task_id}"


STEPS: list[Callable[[Scene], None]] = [
    jobs_wait_in_their_old_form,
    the_new_code_migrates_under_the_old,
    the_new_worker_runs_jobs_of_the_old_form,
    the_old_worker_runs_jobs_of_the_new_form,
    exports_are_cancelled_and_retried_across,
    members_do_everything_across,
    an_account_ends_across,
    the_new_release_is_taken_back,
    the_new_release_stays,
]
