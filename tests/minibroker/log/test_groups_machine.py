"""The group coordinator against members who do anything at any time.

Who counts as a member is read from the description of the group, which is all that the model takes
from the engine: from there on it knows itself whose commit counts, and what the offsets are.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from minibroker.log.errors import Code
from minibroker.log.groups import Committed
from minibroker.sim.trace import Fenced, Rebalanced
from tests.minibroker.log.coordinated import Client, Coordinated, refusal

CLIENTS = 4
clients = st.integers(0, CLIENTS - 1)
partitions = st.integers(0, 1)
offsets = st.integers(0, 9)
REBALANCE = 20_000_000


class Coordinator(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.on = Coordinated()
        self.processes = 0
        self.clients = [self.a_client(place) for place in range(CLIENTS)]
        self.zombies: list[Client] = []
        self.offsets: dict[tuple[str, int], Committed] = {}
        self.undecided: dict[int, dict[tuple[str, int], tuple[int, Committed]]] = {}
        self.order: dict[tuple[str, int], int] = {}
        self.commits = 0

    def a_client(self, place: int) -> Client:
        """The first two are static; the second and the last vouch for nothing."""
        self.processes += 1
        joining: dict[str, object] = {"rebalance_timeout": REBALANCE}
        if place < 2:
            joining["instance_id"] = str(place)
        if place in (1, CLIENTS - 1):
            joining["on_rebalance"] = None
        client = Client(self.on, f"c{place}#{self.processes}", **joining)
        client.joined = client.synced = None
        return client

    def state(self) -> object:
        return self.on.groups.describe("g"), self.on.groups.committed("g")

    def counts(self, client: Client) -> bool:
        """Whether the client is a member of the generation it thinks of."""
        group = self.on.groups.describe("g")
        return client.generation == group.generation and any(
            (member.member_id, member.instance_id) == (client.member_id, client.instance_id)
            for member in group.members
        )

    # --- what a member may do -------------------------------------------------------------------

    @rule(place=clients, wish=st.sampled_from(["t", "u"]))
    def joins(self, place, wish):
        client = self.clients[place]
        self.lost(client, refusal(lambda: client.join(wish)))

    @rule(place=clients)
    def syncs(self, place):
        client = self.clients[place]
        if client.joined is not None and client.joined.done:
            self.lost(client, refusal(client.sync))

    @rule(place=clients)
    def beats(self, place):
        client = self.clients[place]
        counted = self.counts(client)
        code = refusal(client.beat)
        assert counted == (code in (None, Code.REBALANCE_IN_PROGRESS))
        self.lost(client, code)

    @rule(place=clients, alive=st.booleans())
    def vouches(self, place, alive):
        self.on.groups.keep_alive("g", self.clients[place].member_id, alive)

    @rule(place=clients)
    def leaves(self, place):
        client = self.clients[place]
        code = refusal(lambda: self.on.groups.leave("g", client.member_id, client.instance_id))
        assert code in (None, Code.UNKNOWN_MEMBER_ID, Code.FENCED_INSTANCE_ID)
        client.member_id, client.generation, client.joined = "", -1, None

    @rule(place=clients)
    def starts_anew(self, place):
        """The process is gone, but not necessarily: it may be heard of again."""
        self.zombies.append(self.clients[place])
        self.on.groups.keep_alive("g", self.clients[place].member_id, False)
        self.clients[place] = self.a_client(place)

    def lost(self, client: Client, code: Code | None) -> None:
        if code in (Code.UNKNOWN_MEMBER_ID, Code.ILLEGAL_GENERATION, Code.FENCED_INSTANCE_ID):
            client.member_id, client.generation, client.joined = "", -1, None

    @rule(seconds=st.sampled_from([0.1, 1, 3, 10, 21, 46]))
    def time_passes(self, seconds):
        self.on.passes(seconds)

    # --- offsets --------------------------------------------------------------------------------

    @rule(place=clients, partition=partitions, offset=offsets, producer=st.integers(0, 2))
    def commits(self, place, partition, offset, producer):
        self.commits_as(self.clients[place], partition, offset, producer)

    @precondition(lambda self: self.zombies)
    @rule(which=st.randoms(use_true_random=False), partition=partitions, producer=st.integers(0, 2))
    def a_zombie_commits(self, which, partition, producer):
        self.commits_as(which.choice(self.zombies), partition, 99, producer)

    def commits_as(self, client: Client, partition: int, offset: int, producer: int) -> None:
        """Producer 0: without a transaction."""
        place, new = ("t", partition), Committed(offset)
        state = self.on.groups.describe("g").state
        counts = self.counts(client) or (client.generation < 0 and state in ("Empty", "Dead"))
        waits = state == "CompletingRebalance" and not producer
        before, told = self.state(), len(self.on.since(Fenced))
        member = {
            "member_id": client.member_id,
            "generation": client.generation,
            "instance_id": client.instance_id,
        }
        by_nobody = bool(producer) and not client.member_id and client.instance_id is None
        by_nobody = by_nobody and client.generation < 0
        if producer:
            code = refusal(
                lambda: self.on.groups.commit_in_transaction(
                    client.who, "g", {place: new},
                    producer_id=producer, epoch=0, transactional_id=f"x{producer}", **member,
                )
            )  # fmt: skip
        else:
            code = refusal(lambda: self.on.groups.commit(client.who, "g", {place: new}, **member))
        assert (code is None) == (by_nobody or (counts and not waits))
        if code is not None:
            assert (code is Code.REBALANCE_IN_PROGRESS) == (counts and waits)
            assert len(self.on.since(Fenced)) == told + (not counts)
            assert self.state() == before, "a refused commit changes nothing"
            return
        self.commits += 1
        if producer:
            self.undecided.setdefault(producer, {})[place] = (self.commits, new)
        else:
            self.offsets[place], self.order[place] = new, self.commits

    @rule(producer=st.integers(1, 2), commit=st.booleans())
    def decides(self, producer, commit):
        self.on.groups.decide(producer, commit)
        for place, (order, new) in self.undecided.pop(producer, {}).items():
            if commit and order > self.order.get(place, 0):
                self.offsets[place], self.order[place] = new, order

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def the_offsets_are_those_of_the_last_allowed_commits(self):
        assert self.on.groups.committed("g") == self.offsets

    @invariant()
    def a_partition_has_at_most_one_owner_in_a_generation(self):
        for event in self.on.since(Rebalanced):
            owned = [tuple(place) for its in event.owners.values() for place in its]
            assert len(owned) == len(set(owned))
        held = [
            place
            for client in [*self.clients, *self.zombies]
            if client.synced is not None and client.synced.done and self.counts(client)
            for place in self.given(client)
        ]
        assert len(held) == len(set(held))

    def given(self, client: Client) -> list[tuple[str, int]]:
        if client.synced_in != client.generation:
            return []
        return [] if refusal(client.synced.get) else client.synced.get() or []

    @invariant()
    def generations_never_go_back(self):
        seen = [event.generation for event in self.on.since(Rebalanced)]
        assert seen == sorted(seen)

    @initialize()
    def all_start(self):
        self.all_come_to_rest()

    @rule()
    def all_come_to_rest(self):
        """Members who do as they are told come to a stable generation."""
        for _ in range(100):
            self.on.passes(1)
            for place in range(CLIENTS):
                self.does_as_told(place)
            if self.at_rest():
                return
        raise AssertionError(f"no stable generation: {self.on.groups.describe('g')}")

    @rule(place=clients)
    def does_as_told(self, place):
        client = self.clients[place]
        if client.joined is not None and not client.joined.done:
            return  # it waits
        if client.joined is not None:
            code = refusal(client.sync)
            client.joined = None
        else:
            code = refusal(client.beat)
        if code is not None:
            self.lost(client, code)
            client.join()

    def at_rest(self) -> bool:
        group = self.on.groups.describe("g")
        return (
            group.state == "Stable"
            and len(group.members) == CLIENTS
            and all(
                client.joined is None and self.counts(client) and client.synced.done
                for client in self.clients
            )
        )

    def teardown(self) -> None:
        self.all_come_to_rest()
        assert len(self.on.since(Rebalanced)[-1].owners) == CLIENTS
        held = {place for client in self.clients for place in self.given(client)}
        assert held == {("t", number) for number in range(CLIENTS)}


TestCoordinator = Coordinator.TestCase
TestCoordinator.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
