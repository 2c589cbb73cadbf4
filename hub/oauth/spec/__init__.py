"""Pure rules of identity: passwords, e-mail addresses, return addresses."""
