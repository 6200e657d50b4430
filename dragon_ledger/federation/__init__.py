"""What a coordinating centre runs: the aggregator, and recomputation of aggregates."""
