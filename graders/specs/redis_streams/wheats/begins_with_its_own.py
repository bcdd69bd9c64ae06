"""First what was pending for this name when it was last alive, without waiting; then new orders, and
whenever there is none for a while, what others have left.
"""


class Worker:
    def __init__(self, r, payments, name):
        self.r, self.payments, self.name = r, payments, name

    def read(self, start):
        reply = self.r.xreadgroup(
            "billing", self.name, {"orders": start}, count=5, block=10_000 if start == ">" else None
        )
        return reply[0][1] if reply else []

    def work(self, entries):
        for entry, order in entries:
            key = f"charge/{order['id']}"
            self.payments.charge(order["id"], int(order["cents"]), idempotency_key=key)
            self.r.xack("orders", "billing", entry)

    def left_behind(self):
        start = "0-0"
        while True:
            start, entries, _ = self.r.xautoclaim(
                "orders", "billing", self.name, min_idle_time=30_000, start_id=start, count=1
            )
            self.work(entries)
            if start == "0-0":
                return

    def run(self):
        self.work(self.read("0"))
        while True:
            entries = self.read(">")
            self.work(entries)
            if not entries:
                self.left_behind()


def worker(r, payments, name):
    Worker(r, payments, name).run()
