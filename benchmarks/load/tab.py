"""A member's browser tab: it polls as poll.js does, refreshes as the alerts' scripts do, and a person reads in it."""

import asyncio
import hashlib
import random
import re
import time
from typing import Any

import orjson

from benchmarks.load.http_client import Answer, NoAnswerError, ask
from benchmarks.load.plan import NEVER, Export, Member, Outcome, Plan

# As in poll.js, in seconds.
ACTIVE_PAUSE, IDLE_PAUSE, LONGEST_PAUSE, TIMEOUT = 2.0, 10.0, 60.0, 10.0
HIDDEN_PAUSE = 60.0  # unused: no tab is hidden here
LOOKS = 5  # as there: until the notification that is expected in some seconds
# What is read, and how often: {} is another member.
PAGES = {"/": 8, "/explore/": 4, "/user/{}/": 4, "/exports/": 1, "/messages/": 1, "/search/?q=redis": 1}
OK = 200
OVER = {"succeeded", "failed", "cancelled"}
TOKEN = "t" * 32  # of CSRF: in cookie and form alike
DELETES = 0.3  # the share of those who export again and again that delete a file they have downloaded

ALERT = re.compile(rb'id="task-([0-9a-f-]{36})"[^>]*?data-status="(\w+)"([^>]*)>')
ACTIVE = re.compile(rb'data-active="(\d*)"')
PLACE = re.compile(rb'data-wait="([0-9a-f-]{36})"')
SINCE = re.compile(rb'data-since="([\d.]+)"')


class Tab:
    """One tab, from when it is opened until `end` (a time of `time.monotonic()`)."""

    def __init__(self, member: Member, plan: Plan, outcome: Outcome, started: float) -> None:
        self.end = started + plan.seconds
        self._export: Export | None = None
        self._member, self._plan, self._outcome = member, plan, outcome
        self._chance = random.Random(f"{plan.seed} {member.username}")
        self._give_up_at = started + plan.give_up_after
        self._cookie = f"sessionid={member.session}; csrftoken={TOKEN}"
        self._since = member.since
        self._page = "/"
        self._alerts: dict[str, str] = {}
        self._places: set[str] = set()  # the tasks whose place in the queue is shown
        self._earlier: set[str] = set()
        self._expected: dict[str, float] = {}  # by active alert: the seconds until a notification is expected
        self._failures = 0
        self._answer_took = 0.0
        self._clicked_at = 0.0
        # What happens next, and when.
        self._poll_at = started + self._chance.random() * IDLE_PAUSE if plan.polls else NEVER
        self._read_at = self._after(plan.read_every)
        self._click_at = started + plan.exports_at if member.export else NEVER

    async def live(self) -> None:
        """Stay open."""
        while self._goes_on():
            moment, act = min((self._poll_at, 0), (self._read_at, 1), (self._click_at, 2))
            await asyncio.sleep(max(0.0, min(moment, self._closes_at()) - time.monotonic()))
            if time.monotonic() >= moment:
                await (self._poll, self._read, self._click)[act]()
                if self._plan.polls:
                    self._poll_at = time.monotonic() + self._pause()

    def _closes_at(self) -> float:
        """Return the time at which the tab is closed; members who wait for an export stay."""
        return self._give_up_at if self._waits else self.end

    @property
    def _waits(self) -> bool:
        return self._export is not None and self._export.status not in OVER

    def _goes_on(self) -> bool:
        return time.monotonic() < self._closes_at()

    def _after(self, mean: float) -> float:
        """Return a moment that comes after `mean` seconds on average, at any time equally likely."""
        return NEVER if mean == NEVER else time.monotonic() + self._chance.expovariate(1 / mean)

    def _pause(self) -> float:
        look = min(self._expected.values(), default=NEVER) / LOOKS
        usual = max(min(IDLE_PAUSE, max(ACTIVE_PAUSE, look)), self._answer_took)
        if not self._failures:
            return usual
        return min(LONGEST_PAUSE, usual * 2.0**self._failures) * (0.75 + self._chance.random() / 2)

    async def _poll(self) -> None:
        path = f"/notifications/?since={self._since}"
        asked = time.monotonic()
        answer = await self._ask("poll", path, timeout=TIMEOUT)
        if answer is None:
            self._failures += 1
            return
        self._failures = 0
        self._answer_took = time.monotonic() - asked
        for item in orjson.loads(answer.body):
            self._since = repr(item["timestamp"])
            await self._take(item["name"], item["data"])
        await self._take_what_is_over()

    async def _take(self, name: str, data: Any) -> None:
        """Show what is new: a running task's numbers and a waiting one's place as they are, all else by a refresh."""
        if name == "task_progress":
            is_same = self._alerts.get(data["task_id"]) == data["status"]
            self._note(data["task_id"], data["status"])
            if not (is_same and self._is_shown_in_place(data)):
                await self._refresh()
            elif data["status"] == "queued":
                self._expected[data["task_id"]] = data["wait_seconds"]
        elif name == "alert_dismissed":
            await self._refresh()

    def _is_shown_in_place(self, data: Any) -> bool:
        if data["status"] == "queued":
            return data["task_id"] in self._places and data["ahead"] and data["wait_seconds"] is not None
        return bool(data["status"] == "running")

    async def _refresh(self) -> None:
        self._show(await self._ask("refresh", self._page, live=True))

    async def _read(self) -> None:
        other = self._chance.choice(self._plan.members).username
        page = self._chance.choices(list(PAGES), list(PAGES.values()))[0].format(other)
        self._read_at = self._after(self._plan.read_every)
        self._page = page
        answer = await self._ask("page", page)
        found = SINCE.search(answer.body) if answer else None
        if found:
            self._since = found[1].decode()
        self._show(answer)

    def _show(self, answer: Answer | None) -> None:
        """Note the alerts of the page."""
        if answer is None:
            return
        alerts = ALERT.findall(answer.body)
        self._alerts = {task_id.decode(): status.decode() for task_id, status, _rest in alerts}
        self._places = {task_id.decode() for task_id in PLACE.findall(answer.body)}
        found = ((task_id.decode(), ACTIVE.search(rest)) for task_id, _status, rest in alerts)
        self._expected = {task_id: float(active[1] or 0) for task_id, active in found if active}
        for task_id, status in self._alerts.items():
            self._note(task_id, status)

    async def _click(self) -> None:
        """Start an export from the member's own page, which stays."""
        self._click_at = NEVER
        self._clicked_at = time.monotonic()
        form = f"kind={self._member.export}&csrfmiddlewaretoken={TOKEN}"
        self._page = f"/user/{self._member.username}/"
        answer = await self._ask("start", "/exports/", form=form, live=True)
        if answer is None:
            self._click_at = self._after(self._plan.export_pause)
            return
        self._export = Export(self._member.username, self._member.export, self._member.size)
        self._outcome.exports.append(self._export)
        await self._refresh()
        await self._take_what_is_over()

    def _note(self, task_id: str, status: str) -> None:
        """Note where the member's own export stands. Its alert takes the place of the one before."""
        export = self._export
        if export is None:
            self._earlier.add(task_id)
        if export is None or export.status in OVER or task_id in self._earlier:
            return
        export.task_id = export.task_id or task_id
        if export.task_id != task_id:
            return
        export.status = status
        if status in OVER:
            export.seconds = time.monotonic() - self._clicked_at

    async def _take_what_is_over(self) -> None:
        """Download what has succeeded, and think of the next one."""
        export = self._export
        if export is None or export.status not in OVER:
            return
        self._export = None
        self._click_at = self._after(self._plan.export_pause)
        if export.status != "succeeded":
            self._trouble(f"an export ended: {export.status}")
            return
        answer = await self._ask("download", f"/exports/{export.task_id}/download/")
        if answer and answer.status == OK:
            export.sha256 = hashlib.sha256(answer.body).hexdigest()
        if self._click_at != NEVER and self._chance.random() < DELETES:
            await self._ask("delete", f"/exports/{export.task_id}/delete/", form=f"csrfmiddlewaretoken={TOKEN}")

    async def _ask(self, what: str, path: str, **options: Any) -> Answer | None:
        """Ask, and note how long it took, or that there was no answer."""
        started = time.perf_counter()
        try:
            answer = await ask(self._plan.port, path, cookie=self._cookie, **options)
        except NoAnswerError as error:
            self._trouble(f"{what}: {error}")
            return None
        self._outcome.requests.setdefault(what, []).append((time.perf_counter() - started) * 1000)
        return answer

    def _trouble(self, what: str) -> None:
        self._outcome.errors[what] = self._outcome.errors.get(what, 0) + 1
        self._outcome.troubles.append((time.time(), what))
