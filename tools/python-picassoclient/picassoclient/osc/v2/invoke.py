"""The command that invokes a function."""

import sys

from keystoneauth1 import exceptions as ksa_exceptions
from osc_lib import exceptions

from picassoclient.osc import show
from picassoclient.osc.v2 import execution
from picassoclient.osc.v2 import resource
from picassoclient.osc.v2 import stream
from picassoclient.osc.v2 import value
from picassoclient.v2 import client


class InvokeFunction(resource.One):
    """Invoke a function and print what it answers, and nothing else"""

    examples = (
        'invoke hello -d Ada',
        'invoke hello -d @input.json --content-type application/json',
        'invoke hello < input.bin > output.bin',
        'invoke hello -d Ada --async --wait -f value -c id',
    )

    def get_parser(self, prog_name):
        parser = super().get_parser(prog_name)
        resource.add_ref(parser, 'function')
        parser.add_argument(
            '-d', '--data', metavar='<data>',
            help='The input; @FILE takes it from a file, @- from standard input. '
                 'Without it: standard input, unless that is a terminal')
        parser.add_argument('--content-type', default='application/octet-stream',
                            metavar='<type>', help='Type of the input (default: %(default)s)')
        parser.add_argument('--async', dest='queued', action='store_true',
                            help='Do not wait for the answer: '
                                 'show the execution that is queued for it')
        parser.add_argument('--wait', action='store_true',
                            help='With --async: until the execution has ended; '
                                 'fails when it did not succeed')
        parser.add_argument('--idempotency-key', metavar='<key>',
                            help='With --async: of several calls with the same key '
                                 'only the first makes an execution')
        return parser

    def run(self, parsed_args):
        if parsed_args.queued:
            return super().run(parsed_args)
        for name in ('wait', 'idempotency_key', 'columns'):
            if getattr(parsed_args, name):
                raise exceptions.CommandError('argument --%s: only with --async'
                                              % name.replace('_', '-').rstrip('s'))
        return self.invoke(parsed_args)

    def invoke(self, parsed_args):
        """Print the answer, and fail when the function says that it has failed."""
        try:
            answer = self.api.invoke(parsed_args.ref, self.data(parsed_args),
                                     parsed_args.content_type)
        except ksa_exceptions.HttpError as error:
            raise exceptions.CommandError('%s%s' % (error, _execution(error.response)))
        stream.write(answer.iter_content(chunk_size=None))
        status = client.function_status(answer)
        if status >= 400:
            raise exceptions.CommandError('the function answered HTTP %d%s'
                                          % (status, _execution(answer)))
        return 0

    def take_action(self, parsed_args):
        found = self.api.invoke_async(parsed_args.ref, self.data(parsed_args),
                                      parsed_args.content_type, parsed_args.idempotency_key)
        if parsed_args.wait:
            found = self.wait(found['id'])
        return show.one(found, execution.FIELDS)

    def wait(self, ref):
        """Return the execution when it has ended."""
        try:
            found = self.api.wait(ref)
        except Exception:
            print('Execution %s is stored and will run, but waiting for it ended:' % ref,
                  file=sys.stderr)
            raise
        if found['status'] != 'succeeded':
            self.failure = exceptions.CommandError(
                'the execution ended as %(status)s: %(reason)s (Execution-ID: %(id)s)' % found)
        return found

    def data(self, parsed_args):
        """The input, as bytes."""
        try:
            return value.read_bytes(parsed_args.data)
        except exceptions.CommandError as error:
            raise exceptions.CommandError('argument -d: %s' % error)


def _execution(response):
    found = response.headers.get('Picasso-Execution-Id')
    return ' (Execution-ID: %s)' % found if found else ''
