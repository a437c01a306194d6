"""The commands, one module each: its flags, and what it does with them.

A module's `add` puts the command into the parser. What a command needs is imported when it runs, after what can be said
without it is said: help texts and usage errors wait for no array library.
"""
