"""What the suites' own programs say of mistakes: one line, `NAME: what is wrong`, and exit code 2."""
import argparse
import sys


class Parser(argparse.ArgumentParser):
    """An argument parser. Made with the program's name and its module's text."""

    def __init__(self, name, text):
        super().__init__(prog=name, description=text,
                         formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)

    def error(self, message):
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


def plainly(name, main):
    """Return the exit code of main(), also where a file or folder is not as it should be."""
    try:
        return main()
    except OSError as error:
        print(f"{name}: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
