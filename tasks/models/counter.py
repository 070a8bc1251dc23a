"""What happened how often, counted for ever: the rows that it happened to are deleted with time."""

from django.db import models


class Counter(models.Model):
    """One total, which only grows. There are as many as there are kinds of things to count."""

    # What is counted, and of which kind: words joined by `tasks.services.counters.SEPARATOR`.
    name = models.CharField(max_length=128, primary_key=True)
    total = models.FloatField(default=0.0, db_default=0.0)

    class Meta:
        db_table = "exports_tally"  # as it was when tasks were a part of `exports`

    def __str__(self) -> str:
        return self.name
