"""The preview: an edition in a browser on this machine. In: a `Preview`. Out: pages, and mails in frames.

`app` has the addresses, `choice` what is shown of an edition, `pages` fills the templates, `guard` refuses whoever is
not this machine, `watch` notices changed files, `server` runs it all. This room decides nothing about editions and
changes nothing. It must not know how a mail is rendered or proofed.
"""
