"""Commands on executions, the records of calls."""

from osc_lib import exceptions
from osc_lib.command import command

from picassoclient.osc.v2 import option
from picassoclient.osc.v2 import resource
from picassoclient.osc.v2 import stream
from picassoclient.osc.v2 import value
from picassoclient.v2 import client

STATUSES = client.UNFINISHED + ('succeeded', 'failed', 'timed_out', 'cancelled', 'lost')

FIELDS = (
    'id', 'function', 'function_id', 'app', 'revision', 'project_id', 'status', 'reason', 'async',
    'attempt', 'max_attempts', 'run_at', 'created_at', 'started_at', 'finished_at', 'wait_ms',
    'cold_start_ms', 'run_ms', 'exit_code', 'http_status', 'host', 'request_id', 'input_bytes',
    'output_bytes', 'trigger_id', 'event_id', 'subject', 'caused_by', 'depth', 'destination',
    'redrive_of', 'redriven_as',
)

_SINCE = 'Only those created at or after the time (RFC 3339, or how long ago, as 1h)'
_UNTIL = 'Only those created before the time (RFC 3339, or how long ago, as 1h)'


class CancelExecution(resource.Each):
    """Cancel execution(s) that wait or run"""

    noun, verb, what = 'execution', 'cancel', 'ID'

    def do(self, ref):
        self.api.remove('executions', ref)


class ListExecution(resource.List):
    """List executions, newest first"""

    collection, brief = 'executions', 7
    columns = (
        ('ID', 'id'), ('Function', 'function'), ('App', 'app'), ('Status', 'status'),
        ('Created At', 'created_at'), ('Run ms', 'run_ms'), ('Subject', 'subject'),
        ('Reason', 'reason'), ('Attempt', 'attempt'), ('Run At', 'run_at'),
        ('Function ID', 'function_id'), ('Trigger ID', 'trigger_id'), ('Project ID', 'project_id'),
        ('Revision', 'revision'), ('Wait ms', 'wait_ms'), ('Cold Start ms', 'cold_start_ms'),
        ('Host', 'host'),
    )
    filters = (
        option.text('--function', 'function', 'Only those of the function (name or ID)'),
        option.text('--app', 'app', 'Only those of the app (name or ID)'),
        option.text('--trigger', 'trigger', 'Only those of the trigger (name or ID)'),
        option.Option('--status', 'status', 'Only those in the status', choices=STATUSES),
        option.text('--since', 'since', _SINCE, type=value.past),
        option.text('--until', 'until', _UNTIL, type=value.past),
    )
    examples = ('execution list --function hello --status failed --since 1h',)


class RedriveExecution(resource.Base, command.Lister):
    """Run executions again that did not succeed, each as a new one"""

    examples = ('execution redrive 6f1c0b52-8a51-4f0e-9d3c-2b1f3f7d9a10',
                'execution redrive --function thumbnail --since 1d')

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        resource.add_ref(parser, 'execution', '*', 'ID')
        parser.add_argument(
            '--function', metavar='<function>',
            help='In place of executions: all of the function (name or ID) that did not succeed '
                 'and were not redriven yet, but for cancelled ones')
        parser.add_argument('--since', type=value.past, metavar='<time>', help=_SINCE)
        parser.add_argument('--until', type=value.past, metavar='<time>', help=_UNTIL)
        return parser

    def take_action(self, parsed_args):
        if bool(parsed_args.refs) == bool(parsed_args.function):
            raise exceptions.CommandError('give either executions or --function')
        if parsed_args.refs and (parsed_args.since or parsed_args.until):
            raise exceptions.CommandError('arguments --since and --until: only with --function')
        made = []
        if parsed_args.function:
            self._redrive_all(parsed_args, made)
        else:
            self.try_all('redrive', 'execution', parsed_args.refs,
                         lambda ref: made.append(self.api.redrive(ref)['id']))
        return ('ID',), [(each,) for each in made]

    def _redrive_all(self, parsed_args, made):
        """Add the ids of the new executions to those made, as far as it comes."""
        try:
            for each in self.api.redrive_all(
                    parsed_args.function, parsed_args.until or value.stamp(), parsed_args.since):
                made.append(each)
        except Exception as error:  # of any kind: what was made is shown first
            if not made:
                raise
            self.failure = error


class ShowExecution(resource.Show):
    """Show an execution"""

    collection, noun, fields = 'executions', 'execution', FIELDS


class ShowExecutionLog(resource.Base):
    """Print what the function wrote during an execution"""

    examples = ('execution log show --follow 6f1c0b52-8a51-4f0e-9d3c-2b1f3f7d9a10',)

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        resource.add_ref(parser, 'execution', what='ID')
        parser.add_argument('--follow', action='store_true',
                            help='Go on until the execution has ended')
        return parser

    def take_action(self, parsed_args):
        stream.write(self.api.log(parsed_args.ref, parsed_args.follow))
        if not parsed_args.follow:
            return
        status = self.api.show('executions', parsed_args.ref)['status']
        if status in client.UNFINISHED:  # a server that stops ends the log, too
            raise exceptions.CommandError('the server stopped sending the log, but the execution '
                                          'is still %s: ask again' % status)


class ShowExecutionResult(resource.Base):
    """Print what the function answered in an asynchronous execution"""

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        resource.add_ref(parser, 'execution', what='ID')
        return parser

    def take_action(self, parsed_args):
        stream.write(self.api.result(parsed_args.ref).iter_content(chunk_size=None))
