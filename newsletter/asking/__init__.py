"""Addresses of others, and how their servers answer. In: web addresses. Out: a `Reply` for each, in their order.

`places` says which machines may be asked at all, `exchange` asks one, `replies` many within a time limit. This room
must not know where an address stands, nor how bad an answer is.

An address comes from a story, or from a server that redirects: whoever writes it must not make this machine ask a
service of its own network. So each name is looked up once, every address found is judged, and the connection goes to
the very address that was judged (a second look-up could give another one); each redirect is judged anew.
"""

from newsletter.asking.exchange import Kind, Reply
from newsletter.asking.places import PUBLIC, Places
from newsletter.asking.replies import ask

__all__ = ["PUBLIC", "Kind", "Places", "Reply", "ask"]
