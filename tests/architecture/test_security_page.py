"""The tables of docs/security.md are those of the code."""

from pathlib import Path

from hub.identity import ACTIONS, ROLES
from hub.oauth.scopes import SCOPES, includes

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text()


def rows_of(heading: str) -> dict[str, list[str]]:
    """The table below a heading: the first cell of each row, and the others."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip().strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip("` "): [cell.strip() for cell in cells[1:]] for cells in rows}


def test_the_table_of_roles_is_right():
    assert rows_of("Roles") == {
        action: [*("yes" if action in role.actions else "" for role in ROLES.values()), meaning]
        for action, meaning in ACTIONS.items()
    }


def test_the_table_of_scopes_is_right():
    assert rows_of("Scopes") == {
        scope.name: [
            ", ".join(f"`{action}`" for action in ACTIONS if action in scope.actions),
            scope.meaning,
            ", ".join(f"`{name}`" for name in SCOPES if name != scope.name and includes(scope.name, name)),
        ]
        for scope in SCOPES.values()
    }
