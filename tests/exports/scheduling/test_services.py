"""What moves a schedule: its member, time zones, and the outcome of its exports."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import User
from accounts.settings.time_zones import time_zone_changed
from exports.models import Archive, Schedule
from exports.models.schedule import ScheduleStatus
from exports.scheduling.calendar import Frequency
from exports.scheduling.services import (
    schedule_advance,
    schedule_failed,
    schedule_resume,
    schedule_stop,
    schedule_succeeded,
)
from tasks.models import Task, TaskEvent, TaskStatus
from tasks.models.event import ActorType, Reason
from tests.exports.archives import archive_of
from tests.exports.conftest import Scheduled, SetClock
from tests.members import send_cookie, signed_in_client

pytestmark = pytest.mark.django_db


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def live_in(user: User, zone: str) -> User:
    user.time_zone = zone
    user.save(update_fields=["time_zone"])
    return user


def task_of(user: User, day: str = "2026-11-28") -> Task:
    params = {"scheduled_for": day}
    return Task.objects.create(user=user, name="export_archive", status=TaskStatus.FAILED, params=params)


def test_it_runs_at_its_members_hour_by_their_clock(member: User, scheduled: Scheduled, set_clock: SetClock) -> None:
    set_clock("2026-11-27 12:00")
    assert scheduled(live_in(member, "Europe/Madrid")).next_at == at("2026-11-28 02:00")


def test_without_a_chosen_zone_it_is_the_browsers(member: User, scheduled: Scheduled, set_clock: SetClock) -> None:
    set_clock("2026-11-27 12:00")
    User.objects.update(browser_time_zone="Asia/Tokyo")
    member.refresh_from_db()
    assert scheduled(member).next_at == at("2026-11-27 18:00")


@pytest.mark.parametrize(
    ("now", "due"), [("2026-11-28 02:59", "2026-11-28 03:00"), ("2026-11-28 03:00", "2026-12-05 03:00")]
)
def test_a_new_one_begins_with_the_next_moment_that_is_to_come(
    member: User, scheduled: Scheduled, set_clock: SetClock, now: str, due: str
) -> None:
    set_clock(now)
    assert scheduled(member).next_at == at(due)


def test_there_is_one_for_each_member(member: User, scheduled: Scheduled) -> None:
    first, second = scheduled(member), scheduled(member, hour=4, keep=1)
    assert (first.pk, second.hour, Schedule.objects.count()) == (second.pk, 4, 1)


def test_each_due_moment_leads_to_the_next(member: User, scheduled: Scheduled, set_clock: SetClock) -> None:
    set_clock("2026-10-23 12:00")
    schedule = scheduled(live_in(member, "Europe/Madrid"))
    found = []
    for _ in range(3):
        assert schedule.next_at
        found.append(schedule.next_at)
        set_clock(f"{schedule.next_at:%Y-%m-%d %H:%M}")
        assert schedule_advance(schedule)
    # Daylight saving time ends on 25 October.
    assert found == [at("2026-10-24 01:00"), at("2026-10-31 02:00"), at("2026-11-07 02:00")]


def test_a_moment_is_advanced_once(member: User, scheduled: Scheduled) -> None:
    schedule = scheduled(member)
    same = Schedule.objects.get()
    assert [schedule_advance(schedule), schedule_advance(same)] == [True, False]


def test_a_site_that_was_down_for_weeks_runs_one(member: User, scheduled: Scheduled, set_clock: SetClock) -> None:
    set_clock("2026-10-01 12:00")
    schedule = scheduled(member)
    set_clock("2026-11-28 01:00")  # a Saturday, before its hour: today's is the one
    schedule_advance(schedule)
    assert (schedule.last_date, schedule.next_at) == (date(2026, 11, 28), at("2026-12-05 03:00"))


def test_a_member_who_moves_east_and_back_has_one_for_each_date(
    member: User, scheduled: Scheduled, set_clock: SetClock
) -> None:
    set_clock("2026-11-27 12:00")
    scheduled(live_in(member, "Pacific/Pago_Pago"))
    assert Schedule.objects.get().next_at == at("2026-11-28 14:00")
    time_zone_changed.send(User, user=live_in(member, "Pacific/Kiritimati"))
    schedule = Schedule.objects.get()
    assert schedule.next_at == at("2026-11-27 13:00")
    set_clock("2026-11-27 13:00")
    schedule_advance(schedule)
    time_zone_changed.send(User, user=live_in(member, "Pacific/Pago_Pago"))  # where Saturday is still to come
    assert Schedule.objects.get().next_at == at("2026-12-05 14:00")


def test_a_date_that_a_move_skips_is_due_at_once(member: User, scheduled: Scheduled, set_clock: SetClock) -> None:
    set_clock("2026-11-28 06:00")
    scheduled(live_in(member, "America/Los_Angeles"))
    time_zone_changed.send(User, user=live_in(member, "Asia/Tokyo"))  # it is 15:00 on Saturday there
    assert Schedule.objects.get().next_at == at("2026-11-27 18:00")


def test_the_profile_moves_it(member: User, scheduled: Scheduled, set_clock: SetClock) -> None:
    scheduled(member)
    before = Schedule.objects.get().next_date
    client = signed_in_client(member)
    client.post("/accounts/profile/", {"username": "susan", "time_zone": "Asia/Tokyo"})
    schedule = Schedule.objects.get()
    assert schedule.next_at
    assert timezone.localtime(schedule.next_at, timezone.get_fixed_timezone(540)).hour == 3
    assert schedule.next_date == before


def test_another_zone_of_the_browser_moves_it(member: User, scheduled: Scheduled) -> None:
    scheduled(member)
    client = signed_in_client(member)
    send_cookie(client, "time_zone", "Asia/Tokyo")
    client.get("/")
    schedule = Schedule.objects.get()
    assert schedule.next_at
    assert timezone.localtime(schedule.next_at, timezone.get_fixed_timezone(540)).hour == 3


def test_a_stopped_one_stays_where_it_is(member: User, scheduled: Scheduled) -> None:
    scheduled(member)
    assert [schedule_stop(user=member), schedule_stop(user=member)] == [True, False]
    time_zone_changed.send(User, user=live_in(member, "Asia/Tokyo"))
    schedule = Schedule.objects.get()
    assert (schedule.status, schedule.next_at) == (ScheduleStatus.STOPPED, None)


def test_what_is_missed_while_it_is_stopped_stays_missed(
    member: User, scheduled: Scheduled, set_clock: SetClock
) -> None:
    set_clock("2026-11-01 12:00")
    scheduled(member)
    schedule_stop(user=member)
    set_clock("2026-11-28 12:00")
    schedule = schedule_resume(user=member)
    assert schedule
    assert schedule.next_at == at("2026-12-05 03:00")
    assert schedule_resume(user=member) is None


def test_a_change_on_the_day_brings_no_second_export(member: User, scheduled: Scheduled, set_clock: SetClock) -> None:
    set_clock("2026-11-27 12:00")
    schedule = scheduled(member)
    set_clock("2026-11-28 03:00")
    schedule_advance(schedule)
    assert scheduled(member, hour=10).next_at == at("2026-12-05 10:00")


def test_one_that_waits_for_its_turn_still_runs_after_a_change(
    member: User, scheduled: Scheduled, set_clock: SetClock
) -> None:
    set_clock("2026-11-27 12:00")
    scheduled(member)
    set_clock("2026-11-29 05:00")
    assert scheduled(member, keep=1).next_at == at("2026-11-28 03:00")


def test_three_failures_in_a_row_pause_it(member: User, scheduled: Scheduled) -> None:
    scheduled(member)
    for number in (1, 2):
        schedule_failed(task_of(member))
        assert Schedule.objects.filter(failures=number, status=ScheduleStatus.ACTIVE).exists()
    schedule_failed(task_of(member))
    schedule = Schedule.objects.get()
    assert (schedule.status, schedule.next_at) == (ScheduleStatus.PAUSED, None)
    assert schedule_resume(user=member)
    assert Schedule.objects.get().failures == 0


def test_a_success_in_between_begins_the_count_again(member: User, scheduled: Scheduled) -> None:
    scheduled(member)
    for outcome in (schedule_failed, schedule_failed, schedule_succeeded, schedule_failed, schedule_failed):
        outcome(task_of(member))
    assert Schedule.objects.get().status == ScheduleStatus.ACTIVE


def test_failures_of_other_exports_and_of_retries_do_not_count(member: User, scheduled: Scheduled) -> None:
    scheduled(member)
    by_hand = Task.objects.create(user=member, name="export_archive", status=TaskStatus.FAILED)
    retried = task_of(member)
    TaskEvent.objects.create(task=retried, status="queued", reason=Reason.RETRIED, attempt=0, by=ActorType.MEMBER)
    for task in (by_hand, retried):
        schedule_failed(task)
    assert Schedule.objects.get().failures == 0


def test_its_files_outlive_the_next_export_and_what_was_exported_by_hand_does_not(
    member: User, scheduled: Scheduled, settings: LazySettings
) -> None:
    settings.EXPORT_RETENTION_DAYS = 7
    soon = timezone.now() + timedelta(days=1)
    archives = [archive_of(member, b"{}", expires_at=soon, is_scheduled=is_scheduled) for is_scheduled in (True, False)]
    schedule = scheduled(member, frequency=Frequency.MONTHLY, day=31)
    for archive in archives:
        archive.refresh_from_db()
    assert schedule.next_at
    assert [archive.expires_at for archive in archives] == [schedule.next_at + timedelta(days=7), soon]
    schedule_advance(schedule)
    archives[0].refresh_from_db()
    assert archives[0].expires_at == schedule.next_at + timedelta(days=7)


def test_a_file_that_is_kept_longer_already_is_kept_as_long(member: User, scheduled: Scheduled) -> None:
    late = timezone.now() + timedelta(days=90)
    archive_of(member, b"{}", expires_at=late, is_scheduled=True)
    scheduled(member)
    assert Archive.objects.get().expires_at == late
