"""The profile page of the member with the most posts: its first page, and one in the middle of all posts.

A signed-in reader asks a real gunicorn for one and the other in turn.
"""

import statistics
import time
from collections.abc import Callable, Iterator

from django.urls import reverse

from benchmarks.bench import Bench, in_words
from benchmarks.figures import Figure, in_turn, seconds
from benchmarks.plan import member_name
from benchmarks.servers import gunicorn
from benchmarks.visitor import Visitor
from core.pagination import Position
from posts.models import Post

ROUNDS = 60
LIMIT = 1.2


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the first page and the deep one."""
    first = reverse("posts:profile", args=[member_name(bench.largest)])
    posts = Post.objects.by(bench.member(bench.largest)).order_by("timestamp", "id")
    deep = f"{first}?before={Position.of(posts[bench.largest // 2])}"
    with gunicorn(bench, workers=1) as (port, _pid):
        reader = Visitor(port).sign_in(member_name(bench.smallest))
        near, far = in_turn(bench.rounds(ROUNDS), fetching(reader, first), fetching(reader, deep))
    near_median, far_median = statistics.median(near), statistics.median(far)
    yield Figure(
        f"pages: profile with {in_words(bench.largest)} posts, deep page",
        bench.database,
        seconds(far_median),
        f"first page {seconds(near_median)}",
        far_median / near_median,
        "",
        LIMIT,
    )


def fetching(reader: Visitor, path: str) -> Callable[[], float]:
    """Return a function that fetches the page and returns the seconds it took."""

    def fetch() -> float:
        started = time.perf_counter()
        status = reader.get(path)
        elapsed = time.perf_counter() - started
        if status != 200:
            raise RuntimeError(f"{path} was answered with {status}.")
        return elapsed

    return fetch
