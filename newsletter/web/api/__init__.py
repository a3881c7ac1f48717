"""The API for programs, under /api/v1. In: requests with a bearer key. Out: JSON, and problems by RFC 9457.

`app` makes the application, `access` knows keys and their limits, `documents` says the shapes, `problems` what an error
looks like; `lists`, `subscribers`, `subscriptions` and `editions` are what may be asked. This room decides nothing: it
asks the pipeline. It must not know how anything is stored, and never gives a link or token of a reader.
"""
