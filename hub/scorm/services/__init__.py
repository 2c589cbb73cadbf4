"""Use cases of packages, registrations and the player."""
