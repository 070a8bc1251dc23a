"""The subjects, one per module: `measure(bench)` yields its figures."""
