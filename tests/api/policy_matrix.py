"""What each operation must answer to whom, written down a second time, apart from the table that decides it.

Each row is an operation; each column somebody, at three places: something of their own, something of another's, and
something that does not exist. The words:

- ``yes``  it is served: no 401, no 403, no 404;  ``404`` as if it did not exist;  ``403`` never for this role;
- ``401``  sign in first.

A cell of one word says it of their own, 404 of what is another's, and 404 of what does not exist. A cell of two, as in
``yes/yes``, says own and another's. A word in capitals says the same of all three.
"""

WHO = ("guest", "customer", "owner", "staff", "courier", "app", "auditor", "operator")

# fmt: off
MATRIX = """
                       guest  customer  owner     staff     courier   app      auditor   operator
place_order            401    yes/yes   yes       yes       403       yes/yes  403       yes/yes
list_orders            401    YES       YES       YES       403       YES      YES       YES
get_order              401    yes       yes       yes       yes       yes      yes/yes   yes/yes
get_order_events       401    yes       yes       yes       403       yes      yes/yes   yes/yes
accept_order           401    403       yes       yes       403       403      403       yes/yes
reject_order           401    403       yes       yes       403       403      403       yes/yes
start_order            401    403       yes       yes       403       403      403       yes/yes
ready_order            401    403       yes       yes       403       403      403       yes/yes
ready_time_order       401    403       yes       yes       403       403      403       yes/yes
collect_order          401    403       yes       yes       403       403      403       yes/yes
hand_over_order        401    403       yes       yes       yes       403      403       yes/yes
deliver_order          401    403       yes       yes       yes       403      403       yes/yes
cancel_order           401    yes       yes       yes       403       yes      403       yes/yes
create_quote           401    yes/yes   yes       yes       403       yes/yes  403       yes/yes
get_quote              401    yes       yes       yes       403       yes      yes/yes   yes/yes
list_restaurants       YES    YES       YES       YES       YES       YES      YES       YES
get_restaurant         yes/yes yes/yes  yes/yes   yes/yes   yes/yes   yes/yes  yes/yes   yes/yes
get_menu               yes/yes yes/yes  yes/yes   yes/yes   yes/yes   yes/yes  yes/yes   yes/yes
register_restaurant    401    403       403       403       403       403      403       YES
publish_menu           401    403       yes       yes       403       403      403       yes/yes
change_menu_item       401    403       yes       yes       403       403      403       yes/yes
set_restaurant_status  401    403       yes       yes       403       403      403       yes/yes
change_restaurant      401    403       yes       yes       403       403      403       yes/yes
set_opening_hours      401    403       yes       yes       403       403      403       yes/yes
export_menu            401    403       yes       yes       403       403      yes/yes   yes/yes
import_menu            401    403       yes       yes       403       403      403       yes/yes
create_promotion       401    403       yes       yes       403       403      403       yes/yes
list_promotions        401    403       yes       yes       403       403      yes/yes   yes/yes
get_promotion          401    403       yes       yes       403       403      yes/yes   yes/yes
end_promotion          401    403       yes       yes       403       403      403       yes/yes
get_kitchen_board      401    403       yes       yes       403       403      yes/yes   yes/yes
get_sales              401    403       yes       yes       403       403      yes/yes   yes/yes
register_user          YES    YES       YES       YES       YES       YES      YES       YES
list_users             401    403       YES       403       403       403      YES       YES
get_user               401    yes       yes       yes       yes       yes      yes/yes   yes/yes
change_user            401    yes       yes       yes       yes       403      403       yes/yes
erase_user             401    yes       yes       yes       yes       403      403       yes/yes
close_user             401    yes       yes       yes       yes       403      403       yes/yes
change_password        401    yes       yes       yes       yes       403      yes       yes/yes
renew_client_secret    401    403       403       403       403       403      403       yes/yes
grant_role             401    403       yes       403       403       403      403       yes/yes
revoke_role            401    403       yes       403       403       403      403       yes/yes
lock_user              401    403       403       403       403       403      403       yes/yes
unlock_user            401    403       403       403       403       403      403       yes/yes
get_token              YES    YES       YES       YES       YES       YES      YES       YES
revoke_token           YES    YES       YES       YES       YES       YES      YES       YES
get_jwks               YES    YES       YES       YES       YES       YES      YES       YES
get_metadata           YES    YES       YES       YES       YES       YES      YES       YES
alive                  YES    YES       YES       YES       YES       YES      YES       YES
ready                  YES    YES       YES       YES       YES       YES      YES       YES
describe               YES    YES       YES       YES       YES       YES      YES       YES
read_docs              YES    YES       YES       YES       YES       YES      YES       YES
read_docs_file         YES    YES       YES       YES       YES       YES      YES       YES
"""
# fmt: on

PLACES = ("own", "foreign", "none")


def expected() -> dict[tuple[str, str, str], str]:
    """The word of each operation, of each column, at each place."""
    lines = MATRIX.strip().splitlines()
    assert tuple(lines[0].split()) == WHO
    told = {}
    for line in lines[1:]:
        operation, *cells = line.split()
        for who, cell in zip(WHO, cells, strict=True):
            for place, word in zip(PLACES, _words(cell), strict=True):
                told[operation, who, place] = word
    return told


def _words(cell: str) -> tuple[str, str, str]:
    if cell in {"401", "403"}:
        return cell, cell, cell
    if cell.isupper():
        return cell.lower(), cell.lower(), cell.lower()
    own, _, foreign = cell.partition("/")
    return own, foreign or "404", "404"
