"""Indexes for filters that read a whole table: by account, by organisation, by run."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = (("events", "account"), ("updates", "organisation"), ("releases", "run"))


def upgrade() -> None:
    """Create what this revision adds."""
    for table, column in INDEXES:
        place = [column, "block", "log_index"]
        op.create_index(f"ix_{table}_{'_'.join(place)}", table, place, unique=False)
