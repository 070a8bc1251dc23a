"""The crowd's process: reads a plan from standard input, lives it, and writes what the crowd met to standard output.

SIGTERM closes the tabs early.
"""

import asyncio
import gc
import os
import signal
import sys
import time

from benchmarks.load.figures import percentile
from benchmarks.load.plan import Outcome, Plan, as_json
from benchmarks.load.tab import Tab

LOOK_EVERY = 0.1  # seconds


async def live(plan: Plan) -> Outcome:
    """Let all members live as planned; return what they met."""
    outcome, started = Outcome(), time.monotonic()
    tabs = [Tab(member, plan, outcome, started) for member in plan.members]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, close_all, tabs)
    lateness: list[float] = []
    watch = asyncio.create_task(look_at_the_clock(lateness))
    await asyncio.gather(*(tab.live() for tab in tabs))
    watch.cancel()
    outcome.seconds = time.monotonic() - started
    outcome.cpu_seconds = sum(os.times()[:2])
    outcome.lateness = percentile(lateness, 95)
    return outcome


def close_all(tabs: list[Tab]) -> None:
    """Have every tab closed as soon as it waits for nothing more."""
    for tab in tabs:
        tab.end = 0.0


async def look_at_the_clock(lateness: list[float]) -> None:
    """Note by how many milliseconds this process runs later than it wanted to."""
    while True:
        wanted = time.monotonic() + LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)
        lateness.append((time.monotonic() - wanted) * 1000)


def main() -> None:
    """Live a plan."""
    plan = Plan.from_json(sys.stdin.buffer.read())
    gc.freeze()
    sys.stdout.buffer.write(as_json(asyncio.run(live(plan))))


if __name__ == "__main__":
    main()
