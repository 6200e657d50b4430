"""The DRAGON provenance ledger: from a model file back to approved, quality-checked inputs."""

__version__ = "0.1.0"
