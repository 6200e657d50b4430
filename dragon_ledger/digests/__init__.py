"""Digests and commitments: what binds files, documents and datasets. Pure."""
