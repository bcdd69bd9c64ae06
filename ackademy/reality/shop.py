"""What a scenario may do to a real broker: what a shop has a method for."""

from typing import TYPE_CHECKING, NoReturn

from ackademy.cells import CannotDo


class Shop:
    """A scenario's own part in a real broker."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            """What only the simulator's broker has. Raises `CannotDo`."""
            if name.startswith("_"):
                raise AttributeError(name)
            raise CannotDo(
                "this scenario lets the shop's own programs work inside the broker, which only the "
                "simulator's can; take simulate() for it"
            )
