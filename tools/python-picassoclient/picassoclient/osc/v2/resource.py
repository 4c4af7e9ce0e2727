"""What the commands on one kind of resource have in common."""

import argparse

from osc_lib import exceptions
from osc_lib.command import command

from picassoclient.osc import show
from picassoclient.osc.v2 import option


class Base(command.Command):
    """Base of all commands. The docstring of a command says what it does in a
    line; examples are command lines in its help, without 'openstack function'.
    """

    examples = ()
    # Raised by run after what there is has been shown.
    failure = None

    @property
    def api(self):
        return self.app.client_manager.functions

    @property
    def _epilog(self):
        lines = ['  openstack function ' + example for example in self.examples]
        return '\n'.join(['Examples:'] + lines) if lines else None

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.formatter_class = _HelpFormatter
        return parser

    def run(self, parsed_args):
        # an option that cliff has everywhere, and reads nowhere else
        if getattr(parsed_args, 'prefix', '') and parsed_args.formatter != 'shell':
            raise exceptions.CommandError(
                'argument --prefix: is for -f shell; of objects it is --object-prefix')
        code = super().run(parsed_args)
        if self.failure is not None:
            raise self.failure
        return code

    def try_all(self, verb, noun, refs, do):
        """Do something with everything named. What fails does not keep the
        others from being done.
        """
        failed = 0
        for ref in refs:
            try:
                do(ref)
            except Exception as error:  # of any kind: the others' turn comes
                failed += 1
                self.log.error("Failed to %s %s '%s': %s", verb, noun, ref, error)
        if failed:
            self.failure = exceptions.CommandError(
                '%d of %d %ss failed to %s.' % (failed, len(refs), noun, verb))


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Leaves the lines of examples as they are."""


def add_ref(parser, noun, nargs=None, what='name or ID'):
    """Add the argument that names what a command is about."""
    several = nargs is not None
    parser.add_argument('refs' if several else 'ref', metavar='<%s>' % noun, nargs=nargs,
                        help='%s%s (%s)' % (noun.capitalize(), '(s)' if several else '', what))


_OF_PROJECTS = (
    option.text('--sort', 'sort', "Order, as 'key:asc,key:desc' with keys of the API",
                metavar='<key>[:<direction>]'),
    option.constant('--all-projects', 'all_projects', 'true', 'Those of all projects (admin only)'),
)


class List(Base, command.Lister):
    """Base of lists.

    collection: of the API; columns: headings and fields, see show.many, the
    first brief of them shown without --long; filters: Options whose fields are
    query keys; of_projects: they belong to projects, and the API sorts them.
    """

    collection = ''
    columns = ()
    brief = 0
    filters = ()
    of_projects = True

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--long', action='store_true', help='Show more columns')
        parser.add_argument('--limit', type=int, default=0, metavar='<limit>',
                            help='Show at most so many; 0: all')
        parser.add_argument('--marker', metavar='<marker>',
                            help='ID of the last one that is not wanted')
        option.add_all(parser, self.filters + (_OF_PROJECTS if self.of_projects else ()))
        return parser

    def take_action(self, parsed_args):
        if parsed_args.limit < 0:
            raise exceptions.CommandError('argument --limit: must not be negative')
        found = self.api.list(
            self.collection, limit=parsed_args.limit or None, marker=parsed_args.marker,
            **option.body_of(parsed_args, self.filters + _OF_PROJECTS))
        width = None if parsed_args.long else self.brief
        return show.many(found, self.columns[:width])


class One(Base, command.ShowOne):
    """Base of commands that show one resource.

    fields: see show.one.
    """

    collection = ''
    noun = ''
    fields = ()

    def shown(self, resource):
        """Names and values of a resource."""
        return show.one(resource, self.fields)


class Show(One):
    """Base of commands that look for one resource, by name or ID."""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        add_ref(parser, self.noun)
        return parser

    def take_action(self, parsed_args):
        return self.shown(self.api.show(self.collection, parsed_args.ref))


class Create(One):
    """Base of commands that create a resource."""

    options = ()

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('name', metavar='<name>', help='Name of the %s' % self.noun)
        option.add_all(parser, self.options)
        return parser

    def body(self, parsed_args):
        """The resource as it is asked for."""
        return dict(option.body_of(parsed_args, self.options), name=parsed_args.name)

    def take_action(self, parsed_args):
        return self.shown(self.api.create(self.collection, self.body(parsed_args)))


class Change(Base):
    """Base of commands that change a resource."""

    collection = ''
    noun = ''

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        add_ref(parser, self.noun)
        return parser

    def patch(self, parsed_args):
        """What is to change, as a merge patch."""
        raise NotImplementedError

    def take_action(self, parsed_args):
        patch = self.patch(parsed_args)
        if not patch:
            raise exceptions.CommandError('nothing to change: give at least one option')
        self.changed(self.api.update(self.collection, parsed_args.ref, patch))

    def changed(self, resource):
        """Hear of the resource as it is now."""


class Set(Change):
    """Base of commands that set fields."""

    options = ()

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--name', dest='new_name', metavar='<name>', help='New name')
        option.add_all(parser, self.options)
        return parser

    def patch(self, parsed_args):
        patch = option.body_of(parsed_args, self.options)
        if parsed_args.new_name is not None:
            patch['name'] = parsed_args.new_name
        return patch


class Unset(Change):
    """Base of commands that give fields their defaults back, and take names
    out of the configuration.

    options: those of the fields.
    """

    options = ()

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--config', action='append', default=[], metavar='<name>',
                            help='Environment variable to remove (repeat option for several)')
        for each in self.options:
            parser.add_argument(each.flag, dest='fields', action='append_const',
                                const=each.field, default=[],
                                help='Give %s its default back' % each.field)
        return parser

    def patch(self, parsed_args):
        patch = {}
        for field in parsed_args.fields:
            option.put(patch, field, None)
        if parsed_args.config:
            patch['config'] = dict.fromkeys(parsed_args.config)
        return patch


class Each(Base):
    """Base of commands that do the same to several resources."""

    noun = ''
    verb = ''  # as in 'failed to delete'
    what = 'name or ID'

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        add_ref(parser, self.noun, '+', self.what)
        return parser

    def do(self, ref):
        """Do it to one."""
        raise NotImplementedError

    def take_action(self, parsed_args):
        self.try_all(self.verb, self.noun, parsed_args.refs, self.do)


class Delete(Each):
    """Base of commands that delete."""

    collection = ''
    verb = 'delete'

    def do(self, ref):
        self.api.remove(self.collection, ref)
