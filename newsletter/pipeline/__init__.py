"""The use cases; the only place where rooms meet.

Each module is one thing that somebody wants done, in the order of the sentence: `gathering` (stories → edition),
`composing` (edition → message and proof), `planning` (what would go out, in words), `freezing`, `testing`, `sending`,
`doubts`, `listening` (events), `readers` (lists, imports, leaving), `desk` (approving and importing stories), `clock`
(the tick). A use case gets a `Context` and plain arguments, moves facts between rooms, and decides what is committed
together. It prints nothing and parses no arguments.
"""
