"""The world's side of each client: see `minibroker.sim.agent` for the contract."""
