"""The schemas of what is kept as JSON, in schemas/, and how data is held against one.

The library that does it takes longer to load than most commands, so it is loaded where it is needed:
not for the files of every run, which are read with care as they are.
"""
import functools
import json
from pathlib import Path

from options import UserError

FOLDER = Path(__file__).resolve().parent / "schemas"
LONGEST = 100  # of what is wrong: it may name all that was there


@functools.cache
def validator(name):
    import jsonschema  # pylint: disable=import-outside-toplevel
    text = (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def mistake(name, data):
    """Return None when data is as the schema of that name says, else a line that says where it is not."""
    from jsonschema.exceptions import best_match  # pylint: disable=import-outside-toplevel
    error = best_match(validator(name).iter_errors(data))
    if error is None:
        return None
    what = error.message if len(error.message) <= LONGEST else error.message[:LONGEST] + "..."
    return f"{error.json_path}: {what}"


def load(path, name):
    """Return what a file holds, {} when there is none, or raise UserError where it is not as its schema says."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path}: expected JSON ({error})") from error
    wrong = mistake(name, data)
    if wrong:
        raise UserError(f"{path}: {wrong}")
    return data
