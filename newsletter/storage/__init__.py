"""Rows. What comes in are facts of ``model`` and plain values; what goes out are the same: no row leaves this room.

Every function takes the transaction (`Tx`) it works in, so that the pipeline decides what becomes true together.
Which statements differ between SQLite and PostgreSQL is known here only (``database``). Who may be mailed is one SQL
statement (``eligibility``). This room must not know what a story file, a template or SendGrid looks like.
"""

from newsletter.storage.database import Store, Tx

__all__ = ["Store", "Tx"]
