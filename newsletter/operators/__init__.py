"""Operators, and what they see of the outside. In: alerts, addresses, domains. Out: mail and posts to operators, and
what DNS says of a sender.

`mail` hands an alert to a mail server of the operators' own, `hook` to an address of a chat or pager, `dns` looks a
domain up. What cannot be done raises OSError, whose cause may name addresses: log its type only. This room must not
know why something is told, nor what is kept of it.
"""
