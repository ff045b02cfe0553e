"""Telling why: what the engine knows, in words and in the contract's JSON."""
