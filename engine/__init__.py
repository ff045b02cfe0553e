"""Escalatord: a daemon that escalates tickets which wait too long, and tells customers so."""

__version__ = "0.1.0"
