"""A site of 100,000 members to look at and to measure: `python -m benchmarks.large_site --help`."""
