"""Django's PostgreSQL backend, made to work behind PgBouncer too."""
