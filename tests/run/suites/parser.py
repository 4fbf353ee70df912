"""An argument parser whose complaint is one line, as `NAME: what is wrong`; it exits 2."""
import argparse
import sys


class Parser(argparse.ArgumentParser):
    """Made with the program's name and its module's text."""

    def __init__(self, name, text):
        super().__init__(prog=name, description=text,
                         formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)

    def error(self, message):
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)
