"""The subjects and the members they measure; importable before Django is set up."""

# Each subject is a module of `benchmarks.subjects`. Those of each line have a database of their own.
MAIN_SUBJECTS = ("job", "memory", "writes", "small", "start", "poll", "idle", "importing")
GROWTH_SUBJECTS = ("growth",)
SITE_SUBJECTS = ("site",)
LANES_SUBJECTS = ("lanes",)
SCHEDULES_SUBJECTS = ("schedules",)
SUBJECTS = MAIN_SUBJECTS + SITE_SUBJECTS + GROWTH_SUBJECTS + LANES_SUBJECTS + SCHEDULES_SUBJECTS
USUAL_SUBJECTS = MAIN_SUBJECTS + SITE_SUBJECTS
"""What is measured unless subjects are named: within 15 minutes."""

DATABASES = ("postgresql", "sqlite")

# What each database is called, and for which of them there is one of each kind.
FAMILIES = {
    MAIN_SUBJECTS: ("main", DATABASES),
    GROWTH_SUBJECTS: ("growth", DATABASES),
    SITE_SUBJECTS: ("site", ("postgresql",)),
    LANES_SUBJECTS: ("lanes", DATABASES),
    SCHEDULES_SUBJECTS: ("schedules", DATABASES),
}

GROWTH_FILE = "growth.json"
"""What the plot is drawn from: kind -> [posts, seconds, peak memory in bytes]."""

# (subjects, quick) -> the members, by the number of their posts. Together the first have 1.2 million.
SIZES = {
    (MAIN_SUBJECTS, False): (1_000, 10_000, 89_000, 100_000, 1_000_000),
    (MAIN_SUBJECTS, True): (1_000, 2_000, 5_000, 10_000, 50_000),
    (GROWTH_SUBJECTS, False): (1_000, 10_000, 100_000, 1_000_000, 5_000_000),
    (GROWTH_SUBJECTS, True): (1_000, 3_000, 10_000, 30_000, 60_000),
    # These make their own members.
    (SITE_SUBJECTS, False): (),
    (SITE_SUBJECTS, True): (),
    (LANES_SUBJECTS, False): (),
    (LANES_SUBJECTS, True): (),
    (SCHEDULES_SUBJECTS, False): (),
    (SCHEDULES_SUBJECTS, True): (),
}


def member_name(size: int) -> str:
    """Return the name of the member with so many posts."""
    return f"writer{size}"
