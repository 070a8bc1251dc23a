"""Metrics for Prometheus: requests, counted by each web process, and figures of the database and the queue."""
