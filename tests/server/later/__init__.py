"""The migrations of a later version: those of this one, and one that changes a table and fills another."""
