"""The clinical tables: reading them, and checks 7, 11, 12 and the clinical part of check 1."""
