"""Figures of the bot as a whole: ``python -m bench relay``, ``start``, ``stall``, ``scheduler``, ``cleanup`` and ``backup``.

The first three take them from outside: the bot is a child process and Telegram is ``bot.playground`` in the process of the bench,
so the figures hold real HTTP, a real database and everything in between. Machines differ and are shared: each run also measures a
floor, and ratios to it travel better than figures.
"""
