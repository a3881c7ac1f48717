"""Story files become an edition; an edition becomes a message; a message and a list become a send.

A send is made of deliveries, handed over in batches; deliveries gather events; events become reports and
suppressions. Each room of the package is one part of that sentence; the rooms meet only in ``pipeline``, through the
types of ``model``. docs/architecture.md draws the house.
"""
