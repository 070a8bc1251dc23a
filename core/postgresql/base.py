"""PostgreSQL connections that keep their session settings, such as timeouts, behind a pooler in transaction mode.

They are requested when connecting (`options`). A pooler such as PgBouncer rejects or ignores that, and keeps no session
for us, so each transaction begins by setting them.
"""

import re
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import OperationalError
from psycopg import OperationalError as DriverError
from psycopg import sql

REFUSED = "unsupported startup parameter"
OPTION = re.compile(r"-c\s*([a-z_.]+)=(\S+)")

COMPARED = """
SELECT name, current_setting(name), set_config(name, value, true)
FROM unnest(%s::text[], %s::text[]) AS wished(name, value)
"""
"""Each setting's present value, and the wished one in the same notation; it changes nothing."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection; `lost` holds the settings that its session lacks."""

    lost: dict[str, str]

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect with the settings, or without them if a pooler rejects them."""
        try:
            return super().get_new_connection(conn_params)
        except (DriverError, OperationalError) as error:
            if REFUSED not in str(error):
                raise
            return super().get_new_connection({**conn_params, "options": ""})

    def init_connection_state(self) -> None:
        """Find out which settings the session lacks."""
        super().init_connection_state()
        self.lost = {name: wish for name, (found, wish) in self.guards().items() if found != wish}

    def guards(self) -> dict[str, tuple[str, str]]:
        """Return name -> (present, wished) value, without TCP's settings, which a pooler handles itself."""
        options = self.settings_dict["OPTIONS"].get("options", "")
        wished = {name: value for name, value in OPTION.findall(options) if not name.startswith("tcp_")}
        rows = self.connection.execute(COMPARED, [list(wished), list(wished.values())]).fetchall()
        return {name: (found, wish) for name, found, wish in rows}

    def _set_autocommit(self, autocommit: bool) -> None:
        """Begin or end a transaction; begin it by setting what the session lacks."""
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit and self.lost:
            local = sql.SQL("SET LOCAL {} = {}")
            guards = [local.format(sql.Identifier(name), sql.Literal(value)) for name, value in self.lost.items()]
            with self.wrap_database_errors:
                self.connection.execute(sql.SQL("; ").join(guards))

    def chunked_cursor(self) -> Any:
        """Return a server-side cursor inside a transaction only: outside, a pooler may lose it between fetches."""
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()
