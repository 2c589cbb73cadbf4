"""The Demo LMS: a small LTI 1.3 platform with a course page, a roster and a gradebook.

It stands in for the learning management system that a school already has, so that the whole journey of a
launch can be seen on one machine. It lives on an origin of its own, keeps a state of its own (one SQLite file)
and knows of the tool what any platform knows: a client id and a handful of URLs. Nothing here may import the
rest of the Hub; the two talk by LTI 1.3 and the services of LTI Advantage, and by nothing else.

    settings      where it runs, where it keeps its state, and what a tool is
    state         the SQLite file: schema, first contents, transactions
    keys          the platform's signing keys and its JWKS
    tools         the registered tools, and verifying what they sign
    registration  dynamic registration: what the platform tells, what a tool's description must say
    switches      how the platform behaves, what it accepts, and how it fails
    courses       people, courses, memberships and activities
    grades        line items and scores, with the rules of AGS
    messages      launches under way: login hints, and what may be used only once
    claims        the id_token of each message type
    content       content items of a deep linking response
    web/          pages, the OpenID Connect side, and the services
"""
