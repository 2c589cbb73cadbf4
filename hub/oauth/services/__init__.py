"""Use cases of identity: one public method each, one transaction each."""
