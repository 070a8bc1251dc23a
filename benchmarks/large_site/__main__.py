"""Make a large site in the database of the settings: two minutes or so for three million posts."""

import argparse
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microblog_project.settings")
django.setup()

from benchmarks.large_site.making import Scale, make_site  # noqa: E402 - it needs the settings

parser = argparse.ArgumentParser(prog="python -m benchmarks.large_site", description=__doc__)
parser.add_argument("--members", type=int, default=100_000, help="%(default)s; the first is called member1")
parser.add_argument("--posts", type=int, default=3_000_000, help="%(default)s")
parser.add_argument("--follows", type=int, default=5_000_000, help="about %(default)s")
options = parser.parse_args()
make_site(Scale(options.members, options.posts, options.follows))
print(f"The large site is ready: {options.members:,} members and {options.posts:,} posts.")
