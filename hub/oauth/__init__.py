"""Who someone is and what they may do: sign-in, users, scopes, and the OAuth authorization server."""
