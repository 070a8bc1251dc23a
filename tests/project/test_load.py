"""The load and soak tests behave as browsers do, and judge figures as documented."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from benchmarks.figures import Figure, as_markdown, compared
from benchmarks.load import report, sizes, tab
from benchmarks.load.figures import growth, percentile
from benchmarks.load.http_client import NoAnswerError, parsed
from benchmarks.load.phase import Phase
from benchmarks.load.plan import NEVER, Export, Member, Outcome, Plan, as_json
from benchmarks.load.processes import WORK_HORSES
from benchmarks.soak.verdict import Growth

pytestmark = pytest.mark.processes

MEGABYTES = 1_000_000


def phase_of(**changes: object) -> Phase:
    """A phase in which nothing is amiss."""
    outcome = Outcome(seconds=60.0, requests={"poll": [10.0] * 100, "page": [30.0] * 100})
    steady = {"web": [100.0 * MEGABYTES] * 90, WORK_HORSES: [1.0 * MEGABYTES] * 30 + [90.0 * MEGABYTES] * 60}
    phase = Phase("all", 2, outcome, {"small": [1.0] * 20, "large": [9.0]}, 30.0, steady, {"web": 0.5, "crowd": 0.1})
    return replace(phase, **changes)  # type: ignore[arg-type]


def missed(**changes: object) -> list[str]:
    fine = phase_of()
    return [figure.name for figure in report.judged(fine, fine, phase_of(**changes)) if figure.met is False]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7.0
    assert percentile([], 95) == 0


def test_growth_looks_at_the_last_third_beside_the_second() -> None:
    assert growth([1.0] * 30 + [50.0] * 60) == 1
    assert growth([50.0] * 60 + [75.0] * 30) == 1.5
    assert growth([1.0, 9.0]) == 1


def test_most_members_write_little_and_a_few_very_much() -> None:
    posts = sizes.exporters(200)
    assert posts == sizes.exporters(200)
    assert posts[:20] == sizes.exporters(20)
    assert posts.count(sizes.LARGE) == 8
    assert sum(1_000 <= size < sizes.LARGE for size in posts) == 16
    assert sorted(posts)[100] < 30
    assert [size == sizes.LARGE for size in posts] == [sizes.is_large(place) for place in range(200)]


def test_a_plan_and_what_came_of_it_pass_between_processes() -> None:
    plan = Plan(8000, [Member("susan", "key", export="posts", size="small")], 60, exports_at=5)
    assert Plan.from_json(as_json(plan)) == plan
    assert plan.read_every == NEVER
    outcome = Outcome(60.0, {"poll": [1.5]}, {"page: 502": 1}, exports=[Export("susan", "posts", "small", "id")])
    assert Outcome.from_json(as_json(outcome)) == outcome


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "early"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "early"),
        (b"", "early"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "404"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503"),
    ],
)
def test_an_incomplete_response_is_an_error(raw: bytes, what: str) -> None:
    with pytest.raises(NoAnswerError, match=what):
        parsed(raw)


def test_an_answer_is_read() -> None:
    answer = parsed(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    assert (answer.status, answer.body) == (200, b"hi")
    assert parsed(b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n").status == 204


def test_the_crowd_polls_as_the_pages_do() -> None:
    script = (settings.BASE_DIR / "notifications/static/notifications/poll.js").read_text()
    constants = {name: int(value.replace("_", "")) for name, value in re.findall(r"const (\w+) = ([\d_]+);", script)}
    units = {"LOOKS": 1}  # all others are milliseconds there, seconds here
    assert {name: getattr(tab, name) * units.get(name, 1000) for name in constants} == constants


def test_no_limit_is_missed_on_a_healthy_site() -> None:
    assert not missed()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"outcome": Outcome(60.0, {"poll": [1.0]}, {"poll: 502": 1})}, "errors, of all requests and exports"),
        ({"outcome": Outcome(60.0, {"poll": [10.0] * 90 + [1500.0] * 10})}, "poll, p95"),
        ({"outcome": Outcome(60.0, {"page": [10.0] * 90 + [2500.0] * 10})}, "page, p95"),
        ({"waits": {"small": [1.0] * 90 + [3.1] * 10}}, "a small export's wait, p95"),
        (
            {"memory": {"web": [100.0 * MEGABYTES] * 60 + [120.0 * MEGABYTES] * 30}},
            "memory of web, last third of the time",
        ),
    ],
)
def test_a_figure_beyond_its_limit_is_missed(changes: dict[str, object], name: str) -> None:
    assert missed(**changes) == [name]


def test_figures_are_put_in_their_place_on_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n<!-- load -->\nold\n<!-- end of load -->\n\n<!-- soak -->\nkept\n<!-- end of soak -->\n")
    report.write(page, "new\nfigures", "load")
    assert "<!-- load -->\nnew\nfigures\n<!-- end of load -->\n\n<!-- soak -->\nkept\n" in page.read_text()


@pytest.mark.parametrize(
    ("name", "values", "has_grown"),
    [
        ("rows of exports_task", [0.0] * 30 + [500.0] * 60, False),
        ("rows of exports_task", [0.0] * 30 + [500.0] * 30 + [600.0] * 30, True),
        ("rows of accounts_session", [50.0] * 60 + [100.0] * 30, False),
        ("memory of web (MB)", [100.0] * 60 + [109.0] * 30, False),
        ("memory of web (MB)", [100.0] * 60 + [111.0] * 30, True),
        ("connections to PostgreSQL", [12.0] * 60 + [20.0] * 30, True),
        ("files in var/tmp", [0.0] * 60 + [30.0] * 30, True),
    ],
)
def test_growth_is_what_goes_on_after_the_first_third(name: str, values: list[float], has_grown: bool) -> None:
    assert Growth(name, values).has_grown is has_grown


def test_data_kept_per_export_may_grow_with_their_number() -> None:
    due = [100.0] * 60 + [200.0] * 30
    twice, thrice = ([300.0] * 60 + [most] * 30 for most in (600.0, 900.0))
    assert not Growth("rows of exports_taskevent", twice, due).has_grown
    assert Growth("rows of exports_taskevent", twice).has_grown
    assert Growth("rows of exports_taskevent", thrice, due).has_grown
    assert Growth("rows of accounts_session", twice, due).has_grown
    assert Growth("rows of exports_taskevent", twice, list(reversed(due))).has_grown


def test_a_table_says_once_what_its_rows_have_in_common() -> None:
    figures = [
        Figure("poll: idle", "postgresql", "800", "minimal view 714", 1.12, "", 0.9, at_least=True),
        Figure("poll: busy", "postgresql", "600", "minimal view 720", 0.83, "", 0.9, at_least=True),
        Figure("poll: idle", "sqlite", "739", "minimal view 709", 1.04, "", 0.9, at_least=True),
        Figure("start: click to claim", "sqlite", "18.2 ms", "RQ alone 12.4 ms", 18.24, " ms", 25),
        Figure("start: the request", "sqlite", "12.7 ms"),
    ]
    assert as_markdown(figure.row(judged=True) for figure in figures).splitlines() == [
        "| **poll** | postgresql / minimal view, ≥ 0.9 | sqlite / minimal view, ≥ 0.9 |",
        "|---|---|---|",
        "| idle | 800/714: 1.12 | 739/709: 1.04 |",
        "| busy | 600/720: 0.83 **missed** |  |",
        "",
        "| **start** | sqlite |",
        "|---|---|",
        "| click to claim | 18.2 ms, RQ alone 12.4 ms (≤ 25 ms) |",
        "| the request | 12.7 ms |",
    ]


def test_a_noisy_yardstick_makes_a_limit_within_the_spread_unclear() -> None:
    def figure(ours: list[float], yardstick: list[float]) -> Figure:
        return compared("a", "sqlite", ours=ours, yardstick=yardstick, what="b", limit=1.5)

    quiet, noisy = [1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0]
    assert (figure([2.0] * 4, quiet).met, figure([2.0] * 4, quiet).is_unclear) == (False, False)
    assert figure([2.0] * 4, noisy).is_unclear
    assert not figure([1.0] * 4, noisy).is_unclear
    assert figure([1.0, 1.0, 1.0, 2.0], quiet).row(judged=True)[4:] == ("1.00 (1.00 to 2.00)", "≤ 1.5", "yes")
