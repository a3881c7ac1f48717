"""Operators, and what they see of the outside. In: alerts, addresses, domains. Out: mail and posts to operators, and
what DNS says of a sender.

`mail` hands an alert to a mail server of the operators' own, `hook` to an address of a chat or pager; `dns` looks names
up, `sender` says what a domain's records mean, `page` asks an address of ours whether it answers. What cannot be done
raises OSError, whose words may hold addresses: its type is enough for a log. This room must not know why something is
told, nor what is kept of it.
"""
