"""Story files → an edition.

In: the files of `content/stories`, the organisation and its newsletters, what went out before, and the time.
Out: stories with every fault, standing and digest (`load`, `parse`, `seal`), what an editor should look at
(`checks`), the text of a story file (`write`), and an edition with the reasons of all that waits (`assemble`);
`extras` has what stands beside its stories.

Only `load`, `parse` and `extras.load` read files; the rest are functions of their arguments. This room must not know
how a mail looks, who reads it, or what a database is: what was sent before comes in as `assemble.History`.
"""
