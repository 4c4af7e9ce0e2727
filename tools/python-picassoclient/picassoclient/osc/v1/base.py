"""What the commands on version 1 of the API have in common."""

import argparse
import json

from osc_lib.command import command


class Base(command.Command):
    """Base of all commands; arguments: what they are about, and the help on it."""

    arguments = ()

    @property
    def api(self):
        return self.app.client_manager.functions

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        for name, help in self.arguments:
            parser.add_argument(name, metavar='<%s>' % name, help=help)
        return parser


def json_object(text):
    """Return the dictionary that a JSON object is."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError('is not valid JSON: %s' % error)
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('must be a JSON object')
    return found
