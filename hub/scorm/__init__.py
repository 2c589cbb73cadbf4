"""Content packages: import, player and run-time."""
