"""The statements that are measured with: about 1.2 kB, as a course platform sends them."""

import random
import uuid

import orjson

ACTORS = 1_000
ACTIVITIES = 200
VERBS = ("initialized", "completed", "passed", "failed", "answered", "experienced", "progressed", "terminated")
HOME_PAGE = "https://lms.example.com"


def actor(number: int) -> dict:
    """One of the actors, known by an account."""
    return {
        "objectType": "Agent",
        "name": f"Learner Number {number}",
        "account": {"homePage": HOME_PAGE, "name": f"learner-{number:04d}"},
    }


def verb_id(number: int) -> str:
    """The IRI of one of the verbs."""
    return f"http://adlnet.gov/expapi/verbs/{VERBS[number]}"


def activity_id(number: int) -> str:
    """The IRI of one of the activities."""
    return f"https://courses.example.com/course/{number // 10}/lesson/{number}"


def course_id(number: int) -> str:
    """The IRI of the course that an activity belongs to."""
    return f"https://courses.example.com/course/{number // 10}"


def registration(actor_number: int, activity_number: int) -> str:
    """The registration of an actor for a course: the same again for the same two."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{actor_number}/{activity_number // 10}"))


def statement(chance: random.Random) -> dict:
    """A statement of a random actor about a random activity."""
    who, what, did = chance.randrange(ACTORS), chance.randrange(ACTIVITIES), chance.randrange(len(VERBS))
    return {
        "actor": actor(who),
        "verb": {"id": verb_id(did), "display": {"en-US": VERBS[did], "de-DE": VERBS[did]}},
        "object": {
            "objectType": "Activity",
            "id": activity_id(what),
            "definition": {
                "name": {"en-US": f"Lesson {what}: how to measure what was learned"},
                "description": {"en-US": "Read the text, watch the film, and answer the questions at the end."},
                "type": "http://adlnet.gov/expapi/activities/lesson",
            },
        },
        "result": {
            "score": {"scaled": chance.randrange(101) / 100, "raw": chance.randrange(101), "min": 0, "max": 100},
            "success": chance.random() < 0.7,
            "completion": True,
            "duration": f"PT{chance.randrange(60)}M{chance.randrange(60)}S",
        },
        "context": {
            "registration": registration(who, what),
            "platform": "Example Learning Platform 4.5",
            "language": "en-US",
            "contextActivities": {
                "parent": [{"objectType": "Activity", "id": course_id(what)}],
                "grouping": [{"objectType": "Activity", "id": "https://courses.example.com/catalogue"}],
                "category": [{"objectType": "Activity", "id": "https://w3id.org/xapi/scorm"}],
            },
            "extensions": {"https://lms.example.com/xapi/session": f"{chance.getrandbits(128):032x}"},
        },
        "timestamp": f"2026-11-{chance.randrange(1, 29):02d}T09:15:30.{chance.randrange(1000):03d}Z",
    }


def bodies(count: int, seed: int = 1) -> list[bytes]:
    """So many statements as JSON."""
    chance = random.Random(seed)
    return [orjson.dumps(statement(chance)) for _ in range(count)]
