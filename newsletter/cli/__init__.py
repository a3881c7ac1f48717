"""Commands: parse arguments, call the pipeline, print. Answers go to stdout, questions, progress and logs to stderr.

Everything else is imported inside the commands, so that `newsletter --help` answers at once. This room must not decide
anything: what a command says is what a use case gave.
"""

from newsletter.cli.main import main

__all__ = ["main"]
