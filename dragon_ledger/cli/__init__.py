"""One command, `dragon-ledger`, with one group of subcommands for each audience."""
