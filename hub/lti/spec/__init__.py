"""The rules of LTI 1.3, Deep Linking 2.0 and Assignment and Grade Services 2.0, as pure functions."""
