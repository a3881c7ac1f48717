"""`python -m newsletter.cli`, where the command is not on the path."""

from newsletter.cli.main import main

if __name__ == "__main__":
    main()
