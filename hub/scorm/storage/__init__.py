"""Tables of packages, registrations and attempts, and the queries on them."""
