"""The site agent: intake, store, records database, outbox, keys, erasure (DESIGN.md section 5)."""
