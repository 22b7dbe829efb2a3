"""A file of past orders is read to the penny, or refused with its line and column."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.cli.history import BadHistory, History, opening_prices, read_history, slug, stretches

HEADER = "Order Number,Order Date,Item Name,Quantity,Product Price,Total products"
REAL_FILE = Path(__file__).parents[3] / "shared" / "data" / "takeaway-orders.csv"


def history(*lines: str, header: str = HEADER) -> History:
    return read_history("\n".join([header, *lines]).encode())


def items(told: History) -> list[list[tuple[str, int]]]:
    return [[(line.item_id, line.price_minor) for line in order.lines] for order in told.orders]


def test_orders_come_oldest_first_and_by_number_within_a_minute() -> None:
    told = history(
        "100,02/08/2019 19:00,Naan,1,2.95,1",
        "99,02/08/2019 19:00,Naan,1,2.95,1",
        "7,03/08/2019 12:00,Naan,1,2.95,1",
        "8,01/08/2019 12:00,Naan,1,2.95,1",
    )
    assert [order.number for order in told.orders] == ["8", "99", "100", "7"]


def test_an_order_keeps_its_lines_and_its_total() -> None:
    told = history(
        "1,03/08/2019 20:25,Plain Papadum,2,0.8,3",
        "2,04/08/2019 20:25,Naan,1,2.95,1",
        "1,03/08/2019 20:25,Garlic Naan,1,2.95,3",
        "1,03/08/2019 20:25,Plain Papadum,1,0.80,3",
    )
    assert items(told)[0] == [("plain-papadum", 80), ("garlic-naan", 295), ("plain-papadum", 80)]
    assert told.orders[0].total_minor == 535
    assert told.names["plain-papadum"] == "Plain Papadum"


@pytest.mark.parametrize(
    "header",
    [
        "order number,ORDER DATE,Item name,quantity,product price,total products",
        "Order ID,Order Date,Item Name,Quantity,Product Price,Total products",
        "\ufeffOrder Number, Order Date ,Item Name,Quantity,Product Price",
    ],
)
def test_a_header_may_vary_in_case_and_in_the_name_of_the_number(header: str) -> None:
    told = history("1,03/08/2019 20:25,Naan,2,2.95", header=header)
    assert told.orders[0].total_minor == 590


def test_columns_may_stand_in_any_order_beside_others() -> None:
    told = history(
        "x,2.95,2,Naan,03/08/2019 20:25,1", header="Till,Product Price,Quantity,Item Name,Order Date,Order ID"
    )
    assert told.orders[0].total_minor == 590


@pytest.mark.parametrize(
    ("wall", "moment"),
    [
        ("03/08/2019 20:25", datetime(2019, 8, 3, 19, 25, tzinfo=UTC)),
        ("03/01/2019 20:25", datetime(2019, 1, 3, 20, 25, tzinfo=UTC)),
        ("31/03/2019 01:30", datetime(2019, 3, 31, 1, 30, tzinfo=UTC)),  # left out by the clocks
        ("27/10/2019 01:30", datetime(2019, 10, 27, 0, 30, tzinfo=UTC)),  # there twice: the first
    ],
)
def test_a_date_is_londons_wall_clock(wall: str, moment: datetime) -> None:
    assert history(f"1,{wall},Naan,1,2.95,1").orders[0].placed_at == moment


@pytest.mark.parametrize("number", range(5))
def test_a_missing_column_is_named(number: int) -> None:
    titles = HEADER.split(",")
    missing = titles.pop(number)
    with pytest.raises(BadHistory, match=f"^line 1, column {missing}.*: missing"):
        history(header=",".join(titles))


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",03/08/2019 20:25,Naan,1,2.95,1", "Order Number"),
        ("1 2,03/08/2019 20:25,Naan,1,2.95,1", "Order Number"),
        ("2,2019-08-03 20:25,Naan,1,2.95,1", "Order Date"),
        ("2,31/02/2019 20:25,Naan,1,2.95,1", "Order Date"),
        ("2,03/08/1019 20:25,Naan,1,2.95,1", "Order Date"),
        ("1,04/08/2019 20:25,Naan,1,2.95,1", "Order Date"),  # order 1 has another above
        ("2,03/08/2019 20:25, ,1,2.95,1", "Item Name"),
        ("2,03/08/2019 20:25,Na\x07an,1,2.95,1", "Item Name"),
        ("2,03/08/2019 20:25,Naan,0,2.95,1", "Quantity"),
        ("2,03/08/2019 20:25,Naan,1000,2.95,1", "Quantity"),
        ("2,03/08/2019 20:25,Naan,1.5,2.95,1", "Quantity"),
        ("2,03/08/2019 20:25,Naan,²,2.95,1", "Quantity"),
        ("2,03/08/2019 20:25,Naan", "Quantity"),
        ("2,03/08/2019 20:25,Naan,1,-2.95,1", "Product Price"),
        ("2,03/08/2019 20:25,Naan,1,2.955,1", "Product Price"),
        ("2,03/08/2019 20:25,Naan,1,1e3,1", "Product Price"),
        ("2,03/08/2019 20:25,Naan,1,NaN,1", "Product Price"),
        ("2,03/08/2019 20:25,Naan,1,2.95,1,more", "7"),
        ('2,03/08/2019 20:25,"Naan"x,1,2.95,1', "1"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(line: str, column: str) -> None:
    with pytest.raises(BadHistory, match=f"^line 4, column {column}: "):
        history("1,03/08/2019 20:25,Naan,1,2.95,1", "", line)


def test_text_that_is_not_utf_8_is_named_by_line_and_column() -> None:
    with pytest.raises(BadHistory, match=r"^line 2, column 3: not UTF-8"):
        read_history(f"{HEADER}\n1,03/08/2019 20:25,Jalapeño,1,2.95,1\n".encode("latin-1"))


def test_an_order_of_more_lines_than_the_house_takes_is_refused() -> None:
    with pytest.raises(BadHistory, match=r"^line 102, column Order Number: order 1 has over 100 lines"):
        history(*["1,03/08/2019 20:25,Naan,1,2.95,101"] * 101)


def test_an_empty_file_lacks_its_header_and_a_bare_header_has_no_orders() -> None:
    with pytest.raises(BadHistory, match=r"^line 1"):
        read_history(b"")
    assert history().orders == ()


def test_an_item_sold_at_another_price_later_has_changed_its_price() -> None:
    told = history("1,01/08/2019 12:00,Curry,1,7.95,1", "2,02/08/2019 12:00,Curry,1,8.95,1")
    assert items(told) == [[("curry", 795)], [("curry", 895)]]


def test_the_second_price_within_an_order_is_a_variant_and_the_item_keeps_its_price() -> None:
    told = history(
        "1,01/08/2019 12:00,Curry,1,8.95,1",
        "2,02/08/2019 12:00,Curry,1,7.95,2",
        "2,02/08/2019 12:00,Curry,1,8.95,2",
        "3,03/08/2019 12:00,Curry,1,7.95,1",
    )
    assert items(told) == [[("curry", 895)], [("curry-at-795", 795), ("curry", 895)], [("curry", 795)]]
    assert told.names["curry-at-795"] == "Curry"


def test_two_new_prices_within_an_order_change_the_item_to_the_first() -> None:
    told = history(
        "1,01/08/2019 12:00,Curry,1,11.95,1",
        "2,02/08/2019 12:00,Curry,1,7.95,2",
        "2,02/08/2019 12:00,Curry,1,8.95,2",
    )
    assert items(told)[1] == [("curry", 795), ("curry-at-895", 895)]


def test_item_ids_are_unique_and_within_their_limit() -> None:
    long = "Very " * 30
    told = history(
        *[f"{n},01/08/2019 12:00,{name},1,1.00,1" for n, name in enumerate(["Naan", "naan!", long, long + "x", "咖喱"])]
    )
    ids = [order.lines[0].item_id for order in told.orders]
    assert ids[:2] == ["naan", "naan-2"]
    assert ids[3].endswith("-2")
    assert ids[4] == "item"
    assert max(map(len, ids)) <= 64
    assert slug("Crème Brûlée") == "creme-brulee"


def test_a_history_is_cut_where_a_price_changes_and_nowhere_else() -> None:
    told = history(
        "1,01/08/2019 12:00,Curry,1,7.95,1",
        "2,02/08/2019 12:00,Naan,1,2.95,1",
        "3,03/08/2019 12:00,Curry,1,8.95,1",
        "4,04/08/2019 12:00,Curry,1,8.95,1",
    )
    opening = opening_prices(told, told.orders)
    assert opening == {"curry": 795, "naan": 295}
    cut = [
        (dict(each.prices_minor), [order.number for order in each.orders]) for each in stretches(told.orders, opening)
    ]
    assert cut == [({}, ["1", "2"]), ({"curry": 895}, ["3", "4"])]


def test_what_is_left_of_a_history_opens_at_the_prices_that_it_needs() -> None:
    told = history(
        "1,01/08/2019 12:00,Curry,1,7.95,1",
        "2,02/08/2019 12:00,Curry,1,8.95,1",
        "3,03/08/2019 12:00,Naan,1,2.95,1",
    )
    assert opening_prices(told, told.orders[1:2]) == {"curry": 895, "naan": 295}
    assert list(stretches((), {})) == []


def test_the_real_file_is_read_to_the_penny() -> None:
    told = read_history(REAL_FILE.read_bytes())
    assert len(told.orders) == 13_397
    assert sum(len(order.lines) for order in told.orders) == 74_818
    assert sum(order.total_minor for order in told.orders) == 44_651_745
    assert len(set(told.names.values())) == 248


def test_a_limit_does_not_change_how_the_orders_before_it_are_told() -> None:
    lines = REAL_FILE.read_text().splitlines()
    whole, newest = read_history(REAL_FILE.read_bytes()), lines[1].split(",")[0]
    shorter = history(*[line for line in lines[1:] if not line.startswith(f"{newest},")], header=lines[0])
    assert shorter.orders == whole.orders[:-1]
