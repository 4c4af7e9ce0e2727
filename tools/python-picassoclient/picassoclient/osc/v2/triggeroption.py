"""The options that triggers have, for all and by type."""

from osc_lib import exceptions

from picassoclient.osc.v2 import option
from picassoclient.osc.v2 import value

FUNCTION = option.text('--function', 'function', 'Function it invokes (name or ID)')

COMMON = (
    option.text('--input', 'input_template', 'What the function gets in place of the event; '
                "${id}, ${time}, ${data.x} stand for the event's; @FILE takes it from a file",
                read=value.read_text),
    option.OneOf(
        option.constant('--enable', 'enabled', True, 'It fires'),
        option.constant('--disable', 'enabled', False,
                        'It is paused: what would fire it passes by')),
    option.roles("its executions get a token (in place of the function's own roles)"),
)


def _time(flag, field, help):
    return option.Option(flag, field, help, type=value.future, metavar='<time>')


# Fields are those of the block in the API that has the name of the type.
OF_TYPE = {
    'swift': (
        option.text('--container', 'container', 'Container whose objects fire it'),
        option.Option('--event', 'events', 'What happens to objects (repeat option for several; '
                      'default: created and copied)', action='append',
                      choices=('created', 'copied', 'deleted', 'metadata')),
        option.text('--object-prefix', 'prefix', 'Only objects whose names begin so'),
        option.text('--object-suffix', 'suffix', 'Only objects whose names end so, as .jpg'),
        option.OneOf(
            option.constant('--verify', 'verify', True,
                            'The object is looked at before the function runs (default)'),
            option.constant('--no-verify', 'verify', False, "Swift's notifications are believed: "
                            'also those of requests that failed, or that anybody made up')),
    ),
    'notification': (
        option.text('--event-type', 'event_type',
                    "What happened, with * for any text, as 'compute.instance.*'"),
        option.text('--exchange', 'exchange', "Only what is published there, as nova; '' for any"),
        option.text('--topic', 'topic', "Only what is published on the topic; '' for any"),
        option.Option('--filter', 'filter', 'What must hold, as payload.state=active; a value in '
                      'JSON may be a number, a list of which one must hold, or have operators: '
                      '\'payload.size={"gt":1000}\'; null ends one. Also a JSON object of them, '
                      'or @FILE (repeat option for several)', action='append',
                      type=value.condition, read=value.read_conditions,
                      metavar='<field=value>'),
        option.OneOf(
            option.constant('--all-projects', 'all_projects', True,
                            'What happens in all projects (admin only)'),
            option.constant('--own-project', 'all_projects', False,
                            'What happens in its own project (default)')),
    ),
    'alarm': (
        option.OneOf(
            option.text('--alarm-id', 'alarm_id',
                        'Only the alarm with the ID (default: any of the project)'),
            option.text('--alarm-name', 'alarm_name', 'Only alarms of that name')),
        option.Option('--state', 'states', 'State that fires it when it is entered '
                      '(repeat option for several; default: alarm)', action='append',
                      choices=('alarm', 'ok', 'insufficient data')),
    ),
    'schedule': (
        option.OneOf(
            option.text('--cron', 'cron', 'By a cron expression of five fields, '
                        'or @hourly, @daily, @weekly, @monthly, @yearly'),
            option.Option('--every', 'every_s', 'Each time so much has passed, as 300 or 5m',
                          type=value.seconds, metavar='<seconds>'),
            _time('--at', 'at', 'Once, at a time (RFC 3339) or so long from now, as 10m')),
        option.text('--timezone', 'timezone',
                    'Time zone of --cron, as Europe/Berlin (default: UTC)'),
        _time('--start', 'start_at', "At or after the time (RFC 3339, or from now); '' for none"),
        _time('--end', 'end_at', "Before the time (RFC 3339, or from now); '' for none"),
        option.number('--max-runs', 'max_runs', 'So often at most; 0: any number'),
        option.Option('--overlap', 'overlap', 'While its last execution goes on (default: allow)',
                      choices=('allow', 'skip')),
        option.Option('--catch-up', 'catch_up', 'What it does of what the service was down for '
                      '(default: last)', choices=('none', 'last', 'all')),
    ),
    'webhook': (
        option.Option('--auth', 'auth', 'Who may fire it: who has a token of the project '
                      '(keystone), who signs with its secret (hmac), or who knows it (token, '
                      'the default)', choices=('keystone', 'hmac', 'token')),
        option.text('--secret', 'secret', "@FILE with its secret, @- for standard input; '' has "
                    'a new one made, as does leaving it out of create',
                    type=value.secret_file, read=value.read_secret),
    ),
}


def add_types(parser):
    """Add the options of every type, each in a group of its own."""
    for kind, options in OF_TYPE.items():
        option.add_all(parser.add_argument_group('type ' + kind), options)


def read_types(parsed_args, kind=None):
    """Return the type that the options are for, and its block.

    :param kind: what it has to be, if that is known
    """
    for other, options in OF_TYPE.items():
        for each in option.flat(options):
            if not each.given(parsed_args):
                continue
            if kind is None:
                kind = other
            if kind != other:
                raise exceptions.CommandError('argument %s: is for type %s, not %s'
                                              % (each.flag, other, kind))
    return kind, option.body_of(parsed_args, OF_TYPE[kind]) if kind else None
