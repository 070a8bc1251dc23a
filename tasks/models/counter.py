"""Totals that are kept forever, while the rows that they count are deleted with time."""

from django.db import models


class Counter(models.Model):
    """One total, which only grows."""

    # What is counted, and of which kind: words joined by `tasks.services.counters.SEPARATOR`.
    name = models.CharField(max_length=128, primary_key=True)
    total = models.FloatField(default=0.0, db_default=0.0)

    class Meta:
        db_table = "exports_tally"  # its name since the first release

    def __str__(self) -> str:
        return self.name
