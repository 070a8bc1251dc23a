"""Connections to PostgreSQL that keep their guards behind a pooler such as PgBouncer in transaction mode.

The guards are settings of the session, asked for as the connection begins (`options`). A pooler refuses that, or
ignores it, and keeps no session for us: so there each transaction begins with them.
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
"""Each setting as it is, and as it would read if it were as wished: nothing lasts beyond this statement."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection, of which `lost` holds the guards that its session does not have."""

    lost: dict[str, str]

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect with the guards; without them where a pooler refuses any."""
        try:
            return super().get_new_connection(conn_params)
        except (DriverError, OperationalError) as error:
            if REFUSED not in str(error):
                raise
            return super().get_new_connection({**conn_params, "options": ""})

    def init_connection_state(self) -> None:
        """Look which guards the session has."""
        super().init_connection_state()
        self.lost = {name: wish for name, (found, wish) in self.guards().items() if found != wish}

    def guards(self) -> dict[str, tuple[str, str]]:
        """Return by name what the session has and what was wished; TCP's are between a pooler and its server."""
        options = self.settings_dict["OPTIONS"].get("options", "")
        wished = {name: value for name, value in OPTION.findall(options) if not name.startswith("tcp_")}
        rows = self.connection.execute(COMPARED, [list(wished), list(wished.values())]).fetchall()
        return {name: (found, wish) for name, found, wish in rows}

    def _set_autocommit(self, autocommit: bool) -> None:
        """Begin or end transactions; one that begins takes the guards along that the session lacks."""
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit and self.lost:
            with self.wrap_database_errors:
                self.connection.execute(self._local_guards())

    def _local_guards(self) -> sql.Composed:
        local = sql.SQL("SET LOCAL {} = {}")
        return sql.SQL("; ").join(
            local.format(sql.Identifier(name), sql.Literal(value)) for name, value in self.lost.items()
        )

    def chunked_cursor(self) -> Any:
        """Return a server-side cursor, in a transaction only: outside, a pooler may lose it between two fetches."""
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()
