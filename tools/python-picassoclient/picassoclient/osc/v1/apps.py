"""Commands on apps, which group routes."""

from osc_lib.command import command

from picassoclient.osc import show
from picassoclient.osc.v1 import base

NAME = ('name', "Name of the app, with the project's ID behind it as it was shown")


class ListApps(base.Base, command.Lister):
    """List apps"""

    columns = tuple((name, name) for name in ('name', 'config', 'description'))

    def take_action(self, parsed_args):
        return show.many(self.api.apps.list()['apps'], self.columns)


class ShowApp(base.Base, command.ShowOne):
    """Show an app"""

    arguments = (NAME,)

    def take_action(self, parsed_args):
        return show.one(self.api.apps.show(parsed_args.name)['app'])


class CreateApp(base.Base, command.ShowOne):
    """Create an app"""

    arguments = (('name', "Name of the app; the project's ID comes behind it"),)

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--config', metavar='<config>', type=base.json_object,
                            help='Environment of its routes, as a JSON object')
        return parser

    def take_action(self, parsed_args):
        return show.one(self.api.apps.create(parsed_args.name, parsed_args.config)['app'])


class UpdateApp(base.Base, command.ShowOne):
    """Change the environment of an app's routes"""

    arguments = (NAME,)

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('config', metavar='<config>', type=base.json_object,
                            help='The new environment, as a JSON object')
        return parser

    def take_action(self, parsed_args):
        return show.one(
            self.api.apps.update(parsed_args.name, config=parsed_args.config)['app'])


class DeleteApp(base.Base):
    """Delete an app that has no routes"""

    arguments = (NAME,)

    def take_action(self, parsed_args):
        self.api.apps.delete(parsed_args.name)
