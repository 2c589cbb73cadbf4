"""Headers that protect the pages of the Hub's own origin (OWASP Secure Headers; CSP Level 3)."""

from flask import Flask, Response, request

#: No inline script or style, nothing from elsewhere, framed by nobody. A view that is meant to be framed (by a
#: registered platform) sets this header itself with another `frame_ancestors`.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def content_security_policy(**changes: str) -> str:
    """The Hub's policy with some directives changed; names are written with underscores."""
    directives = _POLICY | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def headers_of_data(*, is_secure: bool) -> list[tuple[str, str]]:
    """What protects answers that are no pages too. What is one person's is kept by nobody else, and not shown again
    without asking (RFC 9111 section 5.2.2)."""
    headers = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "private, no-cache")]
    if is_secure:
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return headers


def install_headers(app: Flask) -> None:
    """Give every answer of the app the protective headers that its view did not set itself."""

    def protect(response: Response) -> Response:
        headers = response.headers
        for name, value in headers_of_data(is_secure=request.is_secure):
            headers.setdefault(name, value)
        if response.mimetype != "application/json":  # Data is no page: the others would say nothing about it.
            headers.setdefault("Referrer-Policy", "same-origin")
            headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        if response.mimetype == "text/html":
            headers.setdefault("Content-Security-Policy", content_security_policy())
        return response

    app.after_request(protect)
