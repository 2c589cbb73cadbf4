"""HTTP views of packages, registrations and the player."""
