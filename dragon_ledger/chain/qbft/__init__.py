"""A network of QBFT validators: its files, its nodes as plain processes, votes on validators."""
