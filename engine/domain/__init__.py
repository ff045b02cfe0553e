"""The pure core: tickets, rules, clocks, episodes and what is decided of them.

Standard library only. No clock is read here, nothing is written and nothing is logged: `now` is
always an argument, holidays arrive as dates and patterns as callables.
"""
