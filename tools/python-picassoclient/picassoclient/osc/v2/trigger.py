"""Commands on triggers, which invoke functions when something happens."""

import sys

from osc_lib import exceptions

from picassoclient.osc import show
from picassoclient.osc.v2 import option
from picassoclient.osc.v2 import resource
from picassoclient.osc.v2 import triggeroption

FIRST = ('id', 'name', 'type', 'function', 'function_id', 'enabled', 'state', 'error', 'project_id',
         'input_template', 'delegate_roles')
LAST = ('created_at', 'updated_at')

# Fields of each type.
FIELDS = {
    'swift': ('container', 'events', 'prefix', 'suffix', 'verify'),
    'notification': ('event_type', 'exchange', 'topic', 'filter', 'all_projects'),
    'alarm': ('alarm_id', 'alarm_name', 'states', 'url', 'alarm_action'),
    'schedule': ('cron', 'every_s', 'at', 'timezone', 'start_at', 'end_at', 'max_runs', 'overlap',
                 'catch_up', 'next_run_at', 'last_run_at', 'runs'),
    'webhook': ('auth', 'url'),
}


def when(trigger):
    """Say in a few words when a trigger fires."""
    block = trigger.get(trigger['type']) or {}
    if trigger['type'] == 'swift':
        return '%s/%s*%s %s' % (block['container'], block['prefix'], block['suffix'],
                                ', '.join(block['events']))
    if trigger['type'] == 'notification':
        return block['event_type']
    if trigger['type'] == 'alarm':
        which = block['alarm_id'] or block['alarm_name']
        return ('%s %s' % (which, ', '.join(block['states']))).strip()
    if block.get('cron'):
        return '%(cron)s %(timezone)s' % block
    if block.get('every_s'):
        return 'every %d s' % block['every_s']
    return block.get('at')


def of_clock(name):
    """A column with what a schedule has done so far."""
    return lambda trigger: trigger.get('clock', {}).get(name)


def tell(trigger):
    """Warn of a trigger that will not fire. Return the secret that was made just
    now, if there is one, and say that nobody can ask for it again.
    """
    if trigger['state'] == 'error' and trigger['enabled']:
        print('Warning: trigger %(name)s: %(error)s' % trigger, file=sys.stderr)
    secret = trigger.get('webhook', {}).get('secret')
    if secret:
        print('The secret was made for you. This is the only time it is shown.', file=sys.stderr)
    return secret


class _Shown:
    """Shows a trigger with the fields of its type."""

    collection, noun = 'triggers', 'trigger'

    def shown(self, resource):
        kind = resource['type']
        last = resource.get('last_execution')
        if last:
            resource = dict(resource, last_execution=last['id'], last_status=last['status'],
                            last_fired_at=last['created_at'])
        return show.one(resource, FIRST + FIELDS.get(kind, ()) + LAST, (kind, 'clock'))


class CreateTrigger(_Shown, resource.Create):
    """Create a trigger"""

    options = (option.required(triggeroption.FUNCTION),) + triggeroption.COMMON
    examples = (
        'trigger create thumb --container photos --object-suffix .jpg --function thumbnail',
        "trigger create nightly --cron '0 3 * * *' --timezone Europe/Berlin --function report",
        "trigger create once --at 10m --input 'Tea is ready' --function remind",
        "trigger create servers --event-type 'compute.instance.*' --filter payload.state=active"
        ' --function audit',
        'trigger create busy --type alarm --alarm-name cpu-high --function grow',
        'trigger create deploy --auth hmac --secret @secret.txt --function deploy',
    )

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        parser.add_argument('--type', choices=tuple(triggeroption.OF_TYPE),
                            help='What fires it; may be left out where other options tell')
        triggeroption.add_types(parser)
        return parser

    def body(self, parsed_args):
        kind, block = triggeroption.read_types(parsed_args, parsed_args.type)
        if kind is None:
            raise exceptions.CommandError('the following arguments are required: --type')
        return {**super().body(parsed_args), 'type': kind, kind: block}

    def take_action(self, parsed_args):
        found = self.api.create('triggers', self.body(parsed_args))
        tell(found)
        return self.shown(found)


class DeleteTrigger(resource.Delete):
    """Delete trigger(s)"""

    collection, noun = 'triggers', 'trigger'


class DisableTrigger(resource.Each):
    """Pause trigger(s): what would fire them passes by"""

    noun, verb = 'trigger', 'disable'

    def do(self, ref):
        self.api.update('triggers', ref, {'enabled': False})


class EnableTrigger(resource.Each):
    """Let paused trigger(s) fire again"""

    noun, verb = 'trigger', 'enable'

    def do(self, ref):
        self.api.update('triggers', ref, {'enabled': True})


class ListTrigger(resource.List):
    """List triggers"""

    collection, brief = 'triggers', 8
    columns = (
        ('ID', 'id'), ('Name', 'name'), ('Type', 'type'), ('Function', 'function'),
        ('Enabled', 'enabled'), ('State', 'state'), ('When', when),
        ('Next Run At', of_clock('next_run_at')), ('Last Run At', of_clock('last_run_at')),
        ('Runs', of_clock('runs')), ('Error', 'error'), ('Function ID', 'function_id'),
        ('Project ID', 'project_id'), ('Created At', 'created_at'), ('Updated At', 'updated_at'),
    )
    filters = (
        option.text('--function', 'function', 'Only those of the function (name or ID)'),
        option.text('--name', 'name', 'Only the one of that name'),
        option.Option('--type', 'type', 'Only those of the type',
                      choices=tuple(triggeroption.OF_TYPE)),
    )


class SetTrigger(resource.Set):
    """Change a trigger"""

    collection, noun = 'triggers', 'trigger'
    options = (triggeroption.FUNCTION,) + triggeroption.COMMON
    examples = ('trigger set nightly --every 1h',
                "trigger set deploy --secret ''")

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        triggeroption.add_types(parser)
        return parser

    def patch(self, parsed_args):
        kind, block = triggeroption.read_types(parsed_args)
        patch = super().patch(parsed_args)
        return {**patch, kind: block} if kind else patch

    def changed(self, resource):
        secret = tell(resource)
        if secret:
            print(secret)


class ShowTrigger(_Shown, resource.Show):
    """Show a trigger, with its URL or alarm action where it has one"""
