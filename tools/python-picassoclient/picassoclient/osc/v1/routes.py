"""Commands on routes, the functions of an app."""

from osc_lib import exceptions
from osc_lib.command import command

from picassoclient.osc import show
from picassoclient.osc.v1 import base

APP = ('app', "Name of the app, with the project's ID behind it as it was shown")
ROUTE = ('route', 'Path of the route, /name')
TYPES = ('async', 'sync')
SETTINGS = ('memory', 'timeout', 'max_concurrency', 'config')


def _add_settings(parser):
    parser.add_argument('--memory', metavar='<memory>', type=int, help='Memory in MiB')
    parser.add_argument('--timeout', metavar='<timeout>', type=int,
                        help='How long a call may run, in seconds')
    parser.add_argument('--max-concurrency', metavar='<max-concurrency>', type=int,
                        help='Most containers at once; 0: as many as fit')
    parser.add_argument('--config', metavar='<config>', type=base.json_object,
                        help='Environment, as a JSON object')


def _given(parsed_args, names):
    found = {name: getattr(parsed_args, name) for name in names}
    return {name: each for name, each in found.items() if each is not None}


class ListRoutes(base.Base, command.Lister):
    """List the routes of an app"""

    arguments = (APP,)
    columns = tuple((name, name) for name in (
        'type', 'path', 'image', 'memory', 'timeout', 'max_concurrency', 'is_public'))

    def take_action(self, parsed_args):
        return show.many(self.api.routes.list(parsed_args.app)['routes'], self.columns)


class ShowRoute(base.Base, command.ShowOne):
    """Show a route"""

    arguments = (APP, ROUTE)

    def take_action(self, parsed_args):
        return show.one(self.api.routes.show(parsed_args.app, parsed_args.route)['route'])


class CreateRoute(base.Base, command.ShowOne):
    """Create a route"""

    arguments = (APP, ROUTE)

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('type', choices=TYPES,
                            help='Whether callers wait for the result')
        parser.add_argument('image', metavar='<image>', help='Image it runs')
        parser.add_argument('--is-public', action='store_true',
                            help='Everybody may execute it, without a token')
        _add_settings(parser)
        return parser

    def take_action(self, parsed_args):
        return show.one(self.api.routes.create(
            parsed_args.app, parsed_args.type, parsed_args.route, parsed_args.image,
            parsed_args.is_public, **_given(parsed_args, SETTINGS))['route'])


class UpdateRoute(base.Base, command.ShowOne):
    """Change a route"""

    arguments = (APP, ROUTE)

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--type', choices=TYPES,
                            help='Whether callers wait for the result')
        parser.add_argument('--image', metavar='<image>', help='Image it runs')
        _add_settings(parser)
        return parser

    def take_action(self, parsed_args):
        wanted = _given(parsed_args, ('type', 'image') + SETTINGS)
        if not wanted:
            raise exceptions.CommandError('nothing to change: give at least one option')
        return show.one(
            self.api.routes.update(parsed_args.app, parsed_args.route, **wanted)['route'])


class DeleteRoute(base.Base):
    """Delete a route"""

    arguments = (APP, ROUTE)

    def take_action(self, parsed_args):
        self.api.routes.delete(parsed_args.app, parsed_args.route)


class ExecuteRoute(base.Base, command.ShowOne):
    """Execute a route and show its result"""

    arguments = (APP, ROUTE)

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--supply-auth-properties', action='store_true',
                            help='Refused: it would give your token to the function. '
                                 "'function set --delegate-role' of version 2 has it get one "
                                 'of its own')
        parser.add_argument('--data', metavar='<data>', type=base.json_object, default={},
                            help='What the function gets, a JSON object')
        return parser

    def take_action(self, parsed_args):
        return show.one(self.api.routes.execute(
            parsed_args.app, parsed_args.route, parsed_args.supply_auth_properties,
            **parsed_args.data))


class ExposeRouteURL(base.Base):
    """Print the URL at which a route is executed"""

    arguments = (APP, ROUTE)

    def take_action(self, parsed_args):
        print(self.api.routes.expose_url(parsed_args.app, parsed_args.route),
              file=self.app.stdout)
