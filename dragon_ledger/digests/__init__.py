"""Digests and commitments: what binds files, documents and datasets (DESIGN.md section 4). Pure."""
