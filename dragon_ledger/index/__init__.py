"""A projection of the chain into SQL: rebuilt from nothing at any time with the same rows."""
