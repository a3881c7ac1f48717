"""Whom we may mail. In: addresses as people type them, CSV files, tokens from links. Out: identities and reasons.

This room must not know what is mailed, by whom, or how it is stored: storage holds the rows and the one SQL statement
of who is eligible; here are the words for it.
"""
