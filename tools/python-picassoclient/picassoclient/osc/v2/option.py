"""Options that set fields of a resource.

Commands have tables of them. Only what is given is sent: ranges and defaults
are the server's.
"""

import argparse

from osc_lib import exceptions

from picassoclient.osc.v2 import value


class Option:
    """An option of a command and the field it sets.

    :param flag: as the user writes it, '--memory'
    :param field: of the body; fields inside of others with dots: 'retry.max_attempts'
    :param read: makes the value of what was given, before it is sent; it may
        read files and raise CommandError
    :param kwargs: for argparse
    """

    def __init__(self, flag, field, help, read=None, **kwargs):
        self.flag, self.field, self.help = flag, field, help
        self.read = read
        if 'action' not in kwargs or kwargs['action'] == 'append':
            if 'choices' not in kwargs:
                kwargs.setdefault('metavar', '<%s>' % flag.lstrip('-'))
        self.kwargs = kwargs

    @property
    def dest(self):
        return 'field:' + self.field

    def add(self, container):
        """Add it to a parser or group of arguments."""
        container.add_argument(
            self.flag, dest=self.dest, help=self.help, default=argparse.SUPPRESS, **self.kwargs)

    def given(self, parsed_args):
        return hasattr(parsed_args, self.dest)

    def apply(self, parsed_args, body):
        """Set the field if the option was given."""
        if not self.given(parsed_args):
            return
        found = getattr(parsed_args, self.dest)
        if self.read is not None:
            try:
                found = self.read(found)
            except exceptions.CommandError as error:
                raise exceptions.CommandError('argument %s: %s' % (self.flag, error))
        put(body, self.field, found)


class OneOf:
    """Options that exclude each other. Where they set different fields, the one
    that is given ends the others.
    """

    def __init__(self, *options):
        self.options = options

    def add(self, container):
        group = container.add_mutually_exclusive_group()
        for each in self.options:
            each.add(group)

    def given(self, parsed_args):
        return any(each.given(parsed_args) for each in self.options)

    def apply(self, parsed_args, body):
        if self.given(parsed_args):
            for each in self.options:
                put(body, each.field, None)
            for each in self.options:
                each.apply(parsed_args, body)


def text(flag, field, help, **kwargs):
    """An option for a text."""
    return Option(flag, field, help, **kwargs)


def number(flag, field, help, type=int):
    """An option for a number."""
    return Option(flag, field, help, type=type)


def words(flag, field, help, **kwargs):
    """An option that may be repeated, for a list."""
    return Option(flag, field, help + ' (repeat option for several)',
                  action='append', read=value.words, **kwargs)


def constant(flag, field, found, help):
    """An option without a value, which sets the field to one."""
    return Option(flag, field, help, action='store_const', const=found)


def required(option):
    """The same option, which has to be given."""
    return Option(option.flag, option.field, option.help, option.read,
                  **dict(option.kwargs, required=True))


def config(help):
    """The options for environment variables."""
    return Option(
        '--config', 'config', help + '; @FILE has one in each line '
        '(repeat option for several)', action='append', type=value.pair,
        read=value.read_pairs, metavar='<name=value>')


def roles(who):
    """The options for roles that are delegated."""
    return OneOf(
        words('--delegate-role', 'delegate_roles',
              'Role of yours that %s with, to act as the project' % who),
        constant('--no-delegate-roles', 'delegate_roles', [], 'No roles: no token'))


def put(body, field, found):
    """Set a field, inside of others where its name has dots."""
    *outer, last = field.split('.')
    for name in outer:
        body = body.setdefault(name, {})
    body[last] = found


def add_all(container, options):
    """Add options to a parser or group of arguments."""
    for each in options:
        each.add(container)


def body_of(parsed_args, options):
    """Return what the options that were given set."""
    body = {}
    for each in options:
        each.apply(parsed_args, body)
    return body


def flat(options):
    """Yield every single option."""
    for each in options:
        yield from each.options if isinstance(each, OneOf) else (each,)
