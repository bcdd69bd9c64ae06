"""The small database: unique keys, and transactions that write all or nothing."""

import pytest

from minibroker.sim.trace import Committed, Requested
from tests.minibroker.tiny import Ran, play, worker


def ran(body: str, plan: str = "none") -> Ran:
    found = play(worker(body, takes="database"), plan=plan, restarts=0)
    assert found.exit.how == "returned", found.exit
    return found


def committed(found: Ran) -> list[list[object]]:
    return [event.writes for event in found.trace.of(Committed)]


def test_what_was_put_can_be_read() -> None:
    found = ran("""
        print(database.get("orders", "a"))
        database.put("orders", "a", {"state": "new"})
        database.put("orders", "a", {"state": "paid", "lines": [1, b"2"]})
        print(database.get("orders", "a"))
    """)
    assert found.said == "None\n{'state': 'paid', 'lines': [1, b'2']}\n"
    assert committed(found) == [
        [["put", "orders", "a", {"state": "new"}]],
        [["put", "orders", "a", {"state": "paid", "lines": [1, b"2"]}]],
    ]


def test_a_row_may_be_left_out() -> None:
    assert ran("database.insert('seen', 'a')\nprint(database.get('seen', 'a'))").said == "{}\n"


def test_keys_are_sorted_and_of_that_table() -> None:
    found = ran("""
        for key in "cab":
            database.put("orders", key)
        database.put("other", "d")
        print(database.keys("orders"), database.keys("none"))
    """)
    assert found.said == "['a', 'b', 'c'] []\n"


def test_a_deleted_row_is_gone_and_deleting_it_again_does_nothing() -> None:
    found = ran("""
        database.put("orders", "a")
        database.delete("orders", "a")
        database.delete("orders", "a")
        print(database.get("orders", "a"), database.keys("orders"))
        database.insert("orders", "a")
    """)
    assert found.said == "None []\n"


def test_a_key_can_be_inserted_once() -> None:
    found = ran("""
        from minibroker.clients.database import DatabaseError, UniqueViolation
        database.insert("orders", "a", {"n": 1})
        try:
            database.insert("orders", "a", {"n": 2})
        except UniqueViolation as error:
            print(isinstance(error, DatabaseError), error)
        print(database.get("orders", "a"))
        database.insert("other", "a")
    """)
    assert found.said == ("True table 'orders' has a row under key 'a' already\n{'n': 1}\n")


def test_it_survives_a_crash() -> None:
    found = ran("print(database.get('notes', 'a'))\ndatabase.put('notes', 'a')", plan="crash:2")
    assert found.said == "None\n{}\n"


# --- transactions ------------------------------------------------------------------------------


def test_a_transaction_is_one_commit_of_all_its_writes_in_order() -> None:
    found = ran("""
        with database.transaction() as transaction:
            transaction.insert("inbox", "m-1")
            transaction.put("orders", "a", {"state": "paid"})
            transaction.delete("orders", "b")
            print(database.get("orders", "a"))
        print(database.get("orders", "a"))
    """)
    assert found.said == "None\n{'state': 'paid'}\n"
    assert committed(found) == [
        [
            ["insert", "inbox", "m-1", {}],
            ["put", "orders", "a", {"state": "paid"}],
            ["delete", "orders", "b", {}],
        ]
    ]


def test_nothing_of_a_transaction_is_written_when_its_block_raises() -> None:
    found = ran("""
        try:
            with database.transaction() as transaction:
                transaction.put("orders", "a")
                raise ValueError("no")
        except ValueError:
            print(database.get("orders", "a"))
    """)
    assert found.said == "None\n"
    assert committed(found) == []


def test_nothing_of_a_transaction_is_written_when_one_of_its_keys_is_taken() -> None:
    found = ran("""
        from minibroker.clients.database import UniqueViolation
        database.put("inbox", "m-1")
        try:
            with database.transaction() as transaction:
                transaction.put("orders", "a")
                transaction.insert("inbox", "m-1")
        except UniqueViolation:
            print(database.get("orders", "a"))
    """)
    assert found.said == "None\n"
    assert len(committed(found)) == 1


def test_a_transaction_sees_its_own_earlier_writes_when_it_commits() -> None:
    found = ran("""
        from minibroker.clients.database import UniqueViolation
        database.put("orders", "a")
        with database.transaction() as transaction:
            transaction.delete("orders", "a")
            transaction.insert("orders", "a", {"n": 2})
        print(database.get("orders", "a"))
        try:
            with database.transaction() as transaction:
                transaction.insert("orders", "b")
                transaction.insert("orders", "b")
        except UniqueViolation:
            print(database.get("orders", "b"))
    """)
    assert found.said == "{'n': 2}\nNone\n"


def test_a_crash_before_the_commit_leaves_nothing_and_after_it_everything() -> None:
    body = """
        print(database.keys("orders"))
        with database.transaction() as transaction:
            transaction.put("orders", "a")
            database.get("orders", "a")
            transaction.put("orders", "b")
    """
    assert ran(body, plan="crash:2").said == "[]\n[]\n"
    assert ran(body, plan="crash:3").said == "[]\n['a', 'b']\n"


def test_a_transaction_without_writes_is_no_effect() -> None:
    found = ran("with database.transaction():\n    pass")
    assert found.trace.of(Requested) == []


def test_a_write_takes_the_row_as_it_is_then() -> None:
    found = ran("""
        row = {"state": "new"}
        with database.transaction() as transaction:
            transaction.put("orders", "a", row)
            row["state"] = "paid"
            transaction.put("orders", "b", row)
        print(database.get("orders", "a"), database.get("orders", "b"))
    """)
    assert found.said == "{'state': 'new'} {'state': 'paid'}\n"


def test_a_row_that_cannot_be_sent_is_refused_where_it_is_written() -> None:
    found = ran("""
        from minibroker.sim.values import CannotCross
        try:
            with database.transaction() as transaction:
                transaction.put("orders", "a")
                transaction.put("orders", "b", {"set": {1}})
                print("not reached")
        except CannotCross as error:
            print(str(error)[:20], database.get("orders", "a"))
    """)
    assert found.said == "a set cannot be sent None\n"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("get(1, 'a')", "a table is named by a str, not by 1"),
        ("keys(None)", "a table is named by a str, not by None"),
        ("get('orders', 1)", "a key is a str, not 1"),
        ("put('orders', 1)", "tables and keys are str and a row is a dict with str keys"),
        ("put(1, 'a')", "tables and keys are str and a row is a dict with str keys"),
        ("put('orders', 'a', [1])", "tables and keys are str and a row is a dict with str keys"),
        ("delete('orders', None)", "tables and keys are str and a row is a dict with str keys"),
    ],
)
def test_a_request_that_cannot_be_is_refused_and_writes_nothing(call: str, sentence: str) -> None:
    found = ran(f"""
        from minibroker.clients.database import DatabaseError
        try:
            database.{call}
        except DatabaseError as error:
            print(error)
    """)
    assert found.said == sentence + "\n"
    assert committed(found) == []
