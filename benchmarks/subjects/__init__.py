"""What is measured, a subject a module: `measure(bench)` yields its figures."""
