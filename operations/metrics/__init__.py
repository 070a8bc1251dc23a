"""What Prometheus is told: requests, counted by each web process, and what rows and queue know at that moment."""
