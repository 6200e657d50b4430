"""What people run from a checkout: installation, demonstration, tests, benchmarks."""
