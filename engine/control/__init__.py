"""The daemon's own socket: other programs of this machine ask it to do something, and wait.

A request is one line of JSON, ``{"do": "reload"}``; so is the answer: ``{"answer": …}``, or
``{"error": "one clear line"}``. Who may write to the socket's file may ask: the daemon's user.
"""
