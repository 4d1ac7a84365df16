"""People who look at the figures."""

from tests.admin.conftest import admin, admin_client, reader_client

__all__ = ["admin", "admin_client", "reader_client"]
