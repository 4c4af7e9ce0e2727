"""Commands on functions."""

from picassoclient.osc import show
from picassoclient.osc.v2 import option
from picassoclient.osc.v2 import resource
from picassoclient.osc.v2 import value

FIELDS = (
    'id', 'name', 'app', 'app_id', 'project_id', 'description', 'image', 'image_digest',
    'contract', 'entrypoint', 'command', 'config', 'public', 'url', 'memory_mb', 'cpus', 'tmp_mb',
    'timeout_s', 'queue_timeout_s', 'idle_timeout_s', 'concurrency', 'min_sandboxes',
    'max_sandboxes', 'network', 'health_path', 'delegate_roles', 'host_tags', 'enabled',
    'priority', 'max_attempts', 'min_delay_s', 'max_delay_s', 'max_age_s', 'on_success', 'on_failure',
    'revision', 'created_at', 'updated_at',
)

IMAGE = option.text('--image', 'image', "Image it runs, as in 'docker run'")


def _seconds(flag, field, help):
    return option.Option(flag, field, help, type=value.seconds, metavar='<seconds>')


OPTIONS = (
    option.text('--app', 'app', 'App it belongs to (name or ID)'),
    option.text('--description', 'description', 'What it is for'),
    option.Option('--contract', 'contract', 'How it takes calls',
                  choices=('fn', 'web', 'stdio', 'stdio-http')),
    option.words('--entrypoint', 'entrypoint',
                 "Word of the entrypoint in place of the image's"),
    option.words('--command', 'command', "Word of the command in place of the image's"),
    option.config('Environment variable'),
    option.OneOf(
        option.constant('--public', 'public', True, 'Everybody may call its URL, without a token'),
        option.constant('--private', 'public', False, 'Its URL needs a token')),
    option.number('--memory', 'memory_mb', 'Memory in MiB'),
    option.number('--cpus', 'cpus', 'Processors, such as 0.5; 0: a share by memory', float),
    option.number('--tmp', 'tmp_mb', 'Size of /tmp in MiB, part of the memory'),
    _seconds('--timeout', 'timeout_s', 'How long a call may run'),
    _seconds('--queue-timeout', 'queue_timeout_s', 'How long a call may wait for a sandbox'),
    _seconds('--idle-timeout', 'idle_timeout_s', 'How long an idle sandbox is kept'),
    option.number('--concurrency', 'concurrency', 'Calls at once in one sandbox (contract web)'),
    option.number('--min-sandboxes', 'min_sandboxes', 'Sandboxes kept warm'),
    option.number('--max-sandboxes', 'max_sandboxes',
                  'Most sandboxes, on all hosts; 0: as many as fit'),
    option.Option('--network', 'network', 'What it may reach', choices=('egress', 'none')),
    option.text('--health-path', 'health_path',
                'Path that answers 2xx when it is ready (contract web)'),
    option.words('--host-tag', 'host_tags', 'Tag that hosts it runs on must have'),
    option.roles('each call gets a token'),
    option.OneOf(
        option.constant('--enable', 'enabled', True, 'It runs'),
        option.constant('--disable', 'enabled', False, 'It is paused: '
                        'asynchronous executions wait, other calls are refused')),
    option.number('--priority', 'priority',
                  '0, 1 or 2: of what waits in a project the highest goes first'),
    option.number('--max-attempts', 'retry.max_attempts',
                  'How often an asynchronous execution is tried'),
    _seconds('--min-delay', 'retry.min_delay_s',
             'Pause before the second attempt; it doubles with each further one'),
    _seconds('--max-delay', 'retry.max_delay_s', 'Longest pause between attempts'),
    _seconds('--max-age', 'retry.max_age_s',
             'An older asynchronous execution is not tried again'),
    option.text('--on-success', 'on_success', 'Function (app:name) or https URL '
                "that is told of asynchronous successes; '' for none"),
    option.text('--on-failure', 'on_failure', 'Function (app:name) or https URL '
                "that is told of asynchronous failures; '' for none"),
)


class _Shown:
    """Shows a function with its URL."""

    collection, noun, fields = 'functions', 'function', FIELDS

    def shown(self, resource):
        resource = dict(resource, url=self.api.function_url(resource['id']))
        return show.one(resource, self.fields, ('retry',))


class CreateFunction(_Shown, resource.Create):
    """Create a function from an image"""

    options = (option.required(IMAGE),) + OPTIONS
    examples = (
        'create hello --image picasso/hello',
        'create count --image debian --contract stdio --command wc --command=-l',
        'create thumbnail --image picasso/thumbnail --app shop --memory 256 --timeout 2m'
        ' --delegate-role member --config @thumbnail.env',
    )


class DeleteFunction(resource.Delete):
    """Delete function(s) with their triggers; what is queued for them is cancelled"""

    collection, noun = 'functions', 'function'


class ListFunction(resource.List):
    """List functions"""

    collection, brief = 'functions', 7
    columns = (
        ('ID', 'id'), ('Name', 'name'), ('App', 'app'), ('Image', 'image'),
        ('Contract', 'contract'), ('Public', 'public'), ('Enabled', 'enabled'),
        ('Description', 'description'), ('Project ID', 'project_id'), ('Memory MB', 'memory_mb'),
        ('Timeout', 'timeout_s'), ('Revision', 'revision'), ('Created At', 'created_at'),
        ('Updated At', 'updated_at'),
    )
    filters = (option.text('--app', 'app', 'Only those of the app (name or ID)'),
               option.text('--name', 'name', 'Only those of that name'))


class SetFunction(resource.Set):
    """Change a function; calls in flight finish as they began"""

    collection, noun = 'functions', 'function'
    options = (IMAGE,) + OPTIONS
    examples = ('set shop:thumbnail --image picasso/thumbnail:2',
                'set hello --config GREETING=Hi --on-failure alert')


class ShowFunction(_Shown, resource.Show):
    """Show a function: its ID, app:name, or the name of one in app default"""


class ShowFunctionURL(resource.Show):
    """Show the URL of a function, for any HTTP client"""

    collection, noun = 'functions', 'function'
    examples = ('url show hello -f value -c url',)

    def shown(self, resource):
        url = self.api.function_url(resource['id'])
        return ('public', 'url'), (resource['public'], url)


class UnsetFunction(resource.Unset):
    """Give settings of a function their defaults back"""

    collection, noun = 'functions', 'function'
    options = tuple(
        each for each in option.flat(OPTIONS)
        if each.field not in ('app', 'config', 'public', 'enabled')
        and each.flag != '--no-delegate-roles')
    examples = ('unset hello --config GREETING --timeout --on-failure',)
