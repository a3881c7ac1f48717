"""The archive on the web: editions, stories and the stream of them as pages and feeds, for anybody and for search
engines. In: addresses. Out: answers, which `routes` gives over HTTP and `build` writes as files.

It decides nothing about what may be shown: it asks `pipeline.archiving`. No address in it is a reader's own.
"""
