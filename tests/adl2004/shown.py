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


def as_wanted(wanted: str, enabled: bool | None) -> bool | None:
    """Whether a control that is enabled, or not, is as wanted; one that is not to be used is not shown as enabled."""
    if enabled is None or wanted not in ("enabled", "disabled", "visible"):
        return None
    return not enabled if wanted == "disabled" else enabled


def as_wanted_in_outline(wanted: str, is_visible: bool, is_selectable: bool) -> bool | None:
    """The same for an activity's line in the outline."""
    if wanted in ("visible", "enabled"):
        return is_visible
    if wanted in ("enabled.selectable", "selectable"):
        return is_selectable
    return not is_selectable if wanted.startswith("disabled") else None


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
