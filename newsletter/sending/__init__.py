"""Batches go out. In: batches with their message and envelope. Out: a receipt, or an error that says what is certain.

``plan`` decides (when to try again, when to stop), ``dispatch`` keeps several requests in flight, ``gateway`` is the
seam to the ESP, ``sendgrid`` the one ESP there is. This room must not know rows, stories or templates; the ledger is
handed in as two functions.
"""
