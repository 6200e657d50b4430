"""The named checks of a verdict: each yields what it looked at, with expected, found and where."""
