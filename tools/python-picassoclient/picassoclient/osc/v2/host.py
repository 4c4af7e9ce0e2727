"""Commands on compute hosts, for operators."""

from osc_lib import exceptions

from picassoclient.osc.v2 import option
from picassoclient.osc.v2 import resource

FIELDS = (
    'id', 'name', 'state', 'disabled', 'disabled_reason', 'draining', 'fault', 'version', 'cores',
    'memory_mb', 'memory_used_mb', 'sandboxes', 'sandboxes_idle', 'calls_running',
    'calls_waiting', 'cold_starts', 'tags', 'projects', 'sandbox_runtime', 'url', 'min_protocol',
    'max_protocol', 'functions', 'heartbeat_at', 'created_at', 'updated_at',
)

OPTIONS = (
    option.OneOf(
        option.constant('--enable', 'disabled', False, 'It takes calls'),
        option.constant('--disable', 'disabled', True, 'It takes no new calls; those that run '
                        'there go on, and it stays so over restarts')),
    option.text('--reason', 'disabled_reason', 'Why it is disabled'),
)


class DeleteHost(resource.Delete):
    """Forget compute host(s) that are down"""

    collection, noun = 'hosts', 'host'


class ListHost(resource.List):
    """List compute hosts"""

    collection, brief, of_projects = 'hosts', 9, False
    columns = (
        ('Name', 'name'), ('State', 'state'), ('Version', 'version'), ('Memory MB', 'memory_mb'),
        ('Used MB', 'memory_used_mb'), ('Sandboxes', 'sandboxes'), ('Running', 'calls_running'),
        ('Last Heartbeat', 'heartbeat_at'), ('Tags', 'tags'), ('ID', 'id'), ('Cores', 'cores'),
        ('Idle', 'sandboxes_idle'), ('Waiting', 'calls_waiting'), ('Cold Starts', 'cold_starts'),
        ('Projects', 'projects'), ('Runtime', 'sandbox_runtime'), ('Fault', 'fault'),
        ('Disabled Reason', 'disabled_reason'), ('URL', 'url'),
    )
    filters = (option.Option('--state', 'state', 'Only those in that state',
                             choices=('up', 'draining', 'down')),)


class SetHost(resource.Each):
    """Let compute host(s) take no new calls, or take calls again"""

    noun, verb = 'host', 'set'
    examples = ("host set compute-1 --disable --reason 'a fan is broken'",
                'host set compute-1 --enable')
    patch = None

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        option.add_all(parser, OPTIONS)
        return parser

    def take_action(self, parsed_args):
        self.patch = option.body_of(parsed_args, OPTIONS)
        if not self.patch:
            raise exceptions.CommandError('nothing to change: give at least one option')
        super().take_action(parsed_args)

    def do(self, ref):
        self.api.update('hosts', ref, self.patch)


class ShowHost(resource.Show):
    """Show a compute host, and the functions that are warm there"""

    collection, noun, fields = 'hosts', 'host', FIELDS
