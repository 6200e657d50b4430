"""The demonstration: a consortium at work on an embedded chain, from transfers to a verdict."""
