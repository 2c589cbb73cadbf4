"""What e-mail says, in the languages of the console: plain text, and the same in simple HTML."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader

from hub.oauth.services.post import Rendered

_HERE = Path(__file__).parent
_TEMPLATES = Environment(loader=FileSystemLoader(_HERE / "templates" / "letters"), autoescape=True)

Say = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message before it has a form: its subject, paragraphs before and after the link, and what the link is called.

    Values are put in by `%(name)s`.
    """

    subject: str
    before: Sequence[str]
    button: str = ""
    after: Sequence[str] = ()


def _reset(_: Say) -> Letter:
    return Letter(
        _("Choose a new password"),
        [_("Somebody, probably you, asked for a new password for %(email)s at %(tenant)s.")],
        _("Choose a new password"),
        [
            _("The link works once, within one hour."),
            _("If it was not you, do nothing: the password stays as it is."),
        ],
    )


def _invite(_: Say) -> Letter:
    return Letter(
        _("Your account at %(tenant)s"),
        [
            _("An account was made for you at %(tenant)s. You sign in with %(email)s."),
            _("First choose a password of your own."),
        ],
        _("Choose a password"),
        [_("The link works once, within seven days. Later, ask for a new one by “Forgot your password?”.")],
    )


def _verify(_: Say) -> Letter:
    return Letter(
        _("Confirm your e-mail address"),
        [_("Please confirm that %(email)s is the address of your account at %(tenant)s.")],
        _("Confirm the address"),
        [_("The link works once, within one day. If you did not ask for it, do nothing.")],
    )


def _change(_: Say) -> Letter:
    return Letter(
        _("Confirm your new e-mail address"),
        [_("You asked to change the address of your account at %(tenant)s from %(email)s to %(extra)s.")],
        _("Use this address"),
        [_("The link works once, within one day. If you did not ask for it, do nothing: the address stays.")],
    )


def _address_changed(_: Say) -> Letter:
    return Letter(
        _("Your e-mail address was changed"),
        [
            _("The address of your account at %(tenant)s is now %(extra)s. This one is no longer used."),
            _("If it was not you, tell whoever administers %(tenant)s at once."),
        ],
    )


def _address_taken(_: Say) -> Letter:
    return Letter(
        _("This address has an account already"),
        [
            _("Somebody, probably you, wanted to use %(extra)s for another account at %(tenant)s."),
            _("It has an account there already. If you forgot its password, choose “Forgot your password?”."),
        ],
    )


def _password_changed(_: Say) -> Letter:
    return Letter(
        _("Your password was changed"),
        [
            _("The password of %(email)s at %(tenant)s was changed, and every open session was ended."),
            _("If it was not you, tell whoever administers %(tenant)s at once."),
        ],
    )


def _passkey_added(_: Say) -> Letter:
    return Letter(
        _("A passkey was added"),
        [
            _("The passkey “%(extra)s” now opens the account %(email)s at %(tenant)s."),
            _("If it was not you, remove it under your name and change your password."),
        ],
    )


def _two_steps_off(_: Say) -> Letter:
    return Letter(
        _("Signing in takes one step again"),
        [
            _("The account %(email)s at %(tenant)s can be opened by its password alone again."),
            _("If it was not you, tell whoever administers %(tenant)s at once."),
        ],
    )


def _test(_: Say) -> Letter:
    return Letter(_("E-mail works"), [_("This message was sent to try whether the Hub can send e-mail. It can.")])


LETTERS: Mapping[str, Callable[[Say], Letter]] = {
    "reset": _reset,
    "invite": _invite,
    "verify": _verify,
    "change": _change,
    "address_changed": _address_changed,
    "address_taken": _address_taken,
    "password_changed": _password_changed,
    "passkey_added": _passkey_added,
    "two_steps_off": _two_steps_off,
    "test": _test,
}


def render(kind: str, language: str, facts: Mapping[str, str]) -> Rendered:
    """Write a letter of that kind in that language (English where there is no other) with these values."""
    letter = LETTERS[kind](_translations(language).gettext)
    filled = Letter(
        letter.subject % facts,
        [paragraph % facts for paragraph in letter.before],
        letter.button,
        [paragraph % facts for paragraph in letter.after],
    )
    link = facts.get("link", "")
    blocks = [*filled.before, *([link] if filled.button else []), *filled.after]
    html = _TEMPLATES.get_template("letter.html").render(letter=filled, link=link, language=language)
    return Rendered(" ".join(filled.subject.split()), "\n\n".join(blocks) + "\n", html)


@cache
def _translations(language: str) -> NullTranslations:
    return Translations.load(_HERE / "translations", [language])
