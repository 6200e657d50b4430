"""The site agent: intake, store, records database, outbox, keys, erasure."""
