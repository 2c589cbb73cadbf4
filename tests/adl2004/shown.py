"""What a player shows, as the questions of the cases name it, from the navigation that the engine allows."""

from hub.scorm.spec.sequencing.navigation import Navigation

#: The controls by the names that the questions use.
CONTROLS = {
    "continue": "continue",
    "previous": "previous",
    "exit": "exit",
    "exitAll": "exitAll",
    "quit": "exitAll",
    "suspend": "suspendAll",
    "suspendAll": "suspendAll",
    "abandon": "abandon",
    "abandonAll": "abandonAll",
}


def shows(navigation: Navigation, control: str, wanted: str, identifier: str | None) -> bool | None:
    """Whether a control, or an activity's line in the outline, is as wanted; None for what is not known here."""
    if identifier is not None:
        return as_wanted_in_outline(wanted, *_in_outline(navigation, identifier))
    return as_wanted(wanted, _is_enabled(navigation, control))


#: The words by which the questions ask for a state, and for its opposite.
_SHOWN, _NOT_SHOWN = ("visible", "enabled"), ("hidden", "invisible")
_USABLE, _NOT_USABLE = ("enabled.selectable", "selectable"), ("disabled", "disabled.selectable", "unselectable")


def as_wanted(wanted: str, enabled: bool | None) -> bool | None:
    """Whether a control that is enabled, or not, is as wanted; one that is not to be used is not shown as enabled."""
    if enabled is None or wanted not in (*_SHOWN, *_NOT_SHOWN, "disabled"):
        return None
    return enabled if wanted in _SHOWN else not enabled


def as_wanted_in_outline(wanted: str, is_visible: bool, is_selectable: bool) -> bool | None:
    """The same for an activity's line in the outline."""
    if wanted in _SHOWN or wanted in _NOT_SHOWN:
        return is_visible is (wanted in _SHOWN)
    if wanted in _USABLE or wanted in _NOT_USABLE:
        return is_selectable is (wanted in _USABLE)
    return None


def _is_enabled(navigation: Navigation, control: str) -> bool | None:
    if control == "toc":
        return navigation.has_outline
    name = CONTROLS.get(control)
    enabled = {
        "continue": navigation.continue_,
        "previous": navigation.previous,
        "exit": navigation.exit_,
        "exitAll": navigation.exit_all,
        "suspendAll": navigation.suspend_all,
        "abandon": navigation.abandon,
        "abandonAll": navigation.abandon_all,
    }.get(name or "")
    return enabled and name not in navigation.hidden if enabled is not None else None


def _in_outline(navigation: Navigation, identifier: str) -> tuple[bool, bool]:
    entry = next((found for found in navigation.outline if found.identifier == identifier), None)
    is_visible = entry is not None and entry.is_visible
    return is_visible, is_visible and entry is not None and entry.is_selectable
