"""The aggregator's configuration, `aggregator.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.site.config import Connection, SiteChoices, connection_toml, load_connection
from dragon_ledger.site.toml_config import Document

AGGREGATOR_FILE = "aggregator.toml"


@dataclass(frozen=True, slots=True)
class AggregatorConfig:
    """Everything in `aggregator.toml`; `folder` is where it stands."""

    folder: Path
    connection: Connection
    recompute: bool

    @staticmethod
    def load(folder: Path) -> AggregatorConfig:
        """Read `aggregator.toml` of a folder.

        Raises:
            ConfigurationError: missing, no TOML, or a field is not as it should be.
        """
        document = Document.load(folder / AGGREGATOR_FILE)
        own = document.section(
            "aggregator", frozenset({"organisation", "poll_seconds", "recompute"})
        )
        return AggregatorConfig(
            folder=folder,
            connection=load_connection(document, "aggregator"),
            recompute=own.flag("recompute"),
        )


def aggregator_toml(choices: SiteChoices) -> str:
    """The text of `aggregator.toml`, with a comment for every field."""
    return f"""# Aggregator of the DRAGON provenance ledger. Paths are relative to this file.
# After a change, start the aggregator again.

[aggregator]
# Number under which the consortium's admin admitted your organisation, 0 to 255.
organisation = {choices.organisation}
# How often incoming updates, drop folder and chain are looked at, in seconds.
poll_seconds = {choices.poll_seconds}
# Whether an aggregate is computed again from the committed updates before its round is closed,
# when the plan's aggregation is "weighted-average/1". A different result is not put on chain.
recompute = true

{connection_toml(choices)}"""
