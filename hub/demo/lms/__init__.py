"""The Demo LMS: a small LTI 1.3 platform with a course page, a roster and a gradebook.

It stands in for the learning management system that a school already has, so that the whole journey of a
launch can be seen on one machine. It lives on an origin of its own, keeps a state of its own (one SQLite file)
and knows of the tool what any platform knows: a client id and a handful of URLs. Nothing here may import the
rest of the Hub; the two talk by LTI 1.3, Deep Linking 2.0, Assignment and Grade Services 2.0 and Names and
Role Provisioning Services 2.0, and by nothing else.

    settings   where it runs, where it keeps its state, which tool it knows
    state      the SQLite file: schema, first contents, transactions
    keys       the platform's signing key and its JWKS
    tool       the registered tool: its URLs, and verifying what it signs
    courses    people, courses, memberships and activities
    grades     line items and scores, with the rules of AGS
    messages   launches under way: login hints, and what may be used only once
    claims     the id_token of each message type
    content    content items of a deep linking response
    web/       pages, the OpenID Connect side, and the services
"""
