"""Who may do what: one row per operation, one column per role, and in each cell how far the role reaches.

Whatever has no row is not served: the application does not start. A cell says, of the records that the operation
concerns:

- ``none``: none of them, ever; 403.
- ``own``: a customer's own orders, the orders that an app placed, somebody's own account.
- ``ours``: the orders, boards, sales and menus of the restaurants at which the role is held; of accounts, one's own and
  those of the people there.
- ``out``: deliveries that are ready or under way, whoever brings them. Until orders are assigned to couriers, this one
  word stands for "the deliveries assigned to me".
- ``all``: every one of them.

What a role does not reach does not exist for it: 404. What a row says of ``guest`` is for everybody, without a token
too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from api.operation import Route
from domain.account.events import Role


class Reach(StrEnum):
    """How far a role reaches; see above."""

    NONE = "none"
    OWN = "own"
    OURS = "ours"
    OUT = "out"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. ``guest``: how far everybody reaches, without a token too."""

    cells: Mapping[Role, Reach]
    guest: Reach
    _known: dict[frozenset[Role], frozenset[Reach]] = field(default_factory=dict, compare=False, repr=False)

    def reaches(self, roles: frozenset[Role]) -> frozenset[Reach]:
        """How far these roles reach together; nothing where they reach none. Looked up, after the first time."""
        found = self._known.get(roles)
        if found is None:
            found = frozenset({self.guest, *(self.cells[role] for role in roles)}) - {Reach.NONE}
            self._known[roles] = found  # seven roles have 128 sets: a bound by nature
        return found

    @property
    def open(self) -> bool:
        """Whether no token is needed."""
        return self.guest is not Reach.NONE

    def roles(self, reach: Reach) -> list[Role]:
        """The roles whose cell says this."""
        return [role for role, cell in self.cells.items() if cell is reach]


class PolicyIncomplete(Exception):
    """An operation of the route table has no row here, or a row has no operation."""


COLUMNS = (
    *(Role.CUSTOMER, Role.RESTAURANT_OWNER, Role.RESTAURANT_STAFF, Role.COURIER),
    *(Role.APP, Role.AUDITOR, Role.OPERATOR),
)


def _row(*cells: Reach, guest: Reach = Reach.NONE) -> Rule:
    return Rule(dict(zip(COLUMNS, cells, strict=True)), guest)


_anybody = partial(_row, *(Reach.ALL for _ in COLUMNS), guest=Reach.ALL)
none, own, ours, out, every = Reach

# fmt: off
POLICY: Mapping[str, Rule] = {
    # The process
    "alive":                 _anybody(),
    "ready":                 _anybody(),
    "describe":              _anybody(),
    "read_docs":             _anybody(),
    "read_docs_file":        _anybody(),
    # Signing in and out
    "get_token":             _anybody(),
    "revoke_token":          _anybody(),
    "get_jwks":              _anybody(),
    "get_metadata":          _anybody(),
    #                             cust.  owner  staff  cour.  app    audit. operator
    # Orders
    "place_order":           _row(own,   ours,  ours,  none,  own,   none,  every),
    "list_orders":           _row(own,   ours,  ours,  none,  own,   every, every),
    "get_order":             _row(own,   ours,  ours,  out,   own,   every, every),
    "get_order_events":      _row(own,   ours,  ours,  none,  own,   every, every),
    "accept_order":          _row(none,  ours,  ours,  none,  none,  none,  every),
    "reject_order":          _row(none,  ours,  ours,  none,  none,  none,  every),
    "start_order":           _row(none,  ours,  ours,  none,  none,  none,  every),
    "ready_order":           _row(none,  ours,  ours,  none,  none,  none,  every),
    "ready_time_order":      _row(none,  ours,  ours,  none,  none,  none,  every),
    "collect_order":         _row(none,  ours,  ours,  none,  none,  none,  every),
    "hand_over_order":       _row(none,  ours,  ours,  out,   none,  none,  every),
    "deliver_order":         _row(none,  ours,  ours,  out,   none,  none,  every),
    "cancel_order":          _row(own,   ours,  ours,  none,  own,   none,  every),
    # Quotes, each for the one who asked for it
    "create_quote":          _row(own,   ours,  ours,  none,  own,   none,  every),
    "get_quote":             _row(own,   ours,  ours,  none,  own,   every, every),
    # Restaurants
    "list_restaurants":      _anybody(),
    "get_restaurant":        _anybody(),
    "get_menu":              _anybody(),
    "register_restaurant":   _row(none,  none,  none,  none,  none,  none,  every),
    "publish_menu":          _row(none,  ours,  ours,  none,  none,  none,  every),
    "change_menu_item":      _row(none,  ours,  ours,  none,  none,  none,  every),
    "set_restaurant_status": _row(none,  ours,  ours,  none,  none,  none,  every),
    "change_restaurant":     _row(none,  ours,  ours,  none,  none,  none,  every),
    "set_opening_hours":     _row(none,  ours,  ours,  none,  none,  none,  every),
    "export_menu":           _row(none,  ours,  ours,  none,  none,  every, every),
    "import_menu":           _row(none,  ours,  ours,  none,  none,  none,  every),
    "create_promotion":      _row(none,  ours,  ours,  none,  none,  none,  every),
    "list_promotions":       _row(none,  ours,  ours,  none,  none,  every, every),
    "get_promotion":         _row(none,  ours,  ours,  none,  none,  every, every),
    "end_promotion":         _row(none,  ours,  ours,  none,  none,  none,  every),
    "get_kitchen_board":     _row(none,  ours,  ours,  none,  none,  every, every),
    "get_sales":             _row(none,  ours,  ours,  none,  none,  every, every),
    # Users. Everybody may become a customer; owners make and unmake the staff of their restaurants.
    "register_user":         _row(none,  ours,  none,  none,  none,  none,  every, guest=own),
    "list_users":            _row(none,  ours,  none,  none,  none,  every, every),
    "get_user":              _row(own,   ours,  own,   own,   own,   every, every),
    "change_user":           _row(own,   own,   own,   own,   none,  none,  every),
    "erase_user":            _row(own,   own,   own,   own,   none,  none,  every),
    "change_password":       _row(own,   own,   own,   own,   none,  own,   every),
    "renew_client_secret":   _row(none,  none,  none,  none,  none,  none,  every),
    "grant_role":            _row(none,  ours,  none,  none,  none,  none,  every),
    "revoke_role":           _row(none,  ours,  none,  none,  none,  none,  every),
    "lock_user":             _row(none,  none,  none,  none,  none,  none,  every),
    "unlock_user":           _row(none,  none,  none,  none,  none,  none,  every),
    "close_user":            _row(own,   own,   own,   own,   none,  none,  every),
}
# fmt: on


def step_id(step: str) -> str:
    """The operation that takes a step of an order's life, by the name of its path."""
    return f"{step.replace('-', '_')}_order"


def rules(routes: Iterable[Route]) -> dict[tuple[str, str], Rule]:
    """The rule of each path and method; raises PolicyIncomplete where a row is missing or is nobody's."""
    found: dict[tuple[str, str], Rule] = {}
    ids = set()
    for route in routes:
        for method, operation in route.operations().items():
            if operation.id not in POLICY:
                raise PolicyIncomplete(f"{method.upper()} {route.path} ({operation.id}) has no row in api/policy.py")
            ids.add(operation.id)
            found[route.path, method.upper()] = POLICY[operation.id]
            if method == "get":
                found[route.path, "HEAD"] = POLICY[operation.id]
    unused = POLICY.keys() - ids
    if unused:
        raise PolicyIncomplete(f"rows of api/policy.py without an operation: {', '.join(sorted(unused))}")
    return found
