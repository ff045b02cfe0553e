"""The memory twin of the store: the same answers from plain dictionaries, for simulations.

It keeps what the SQL store keeps, without any SQL, and so without what the SQL takes: a rule test
asks the store a few hundred times. `tests/store` holds it to the same facts as the SQL stores.
"""

from engine.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]
"""The names that others use."""
