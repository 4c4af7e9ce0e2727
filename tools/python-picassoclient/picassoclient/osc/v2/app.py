"""Commands on apps, which group functions."""

from picassoclient.osc.v2 import option
from picassoclient.osc.v2 import resource

FIELDS = ('id', 'name', 'description', 'config', 'enabled', 'project_id', 'created_at',
          'updated_at')

OPTIONS = (
    option.text('--description', 'description', 'What it is for'),
    option.config('Environment variable of all its functions'),
    option.OneOf(
        option.constant('--enable', 'enabled', True, 'Its functions run'),
        option.constant('--disable', 'enabled', False, 'Its functions are paused: '
                        'asynchronous executions wait, other calls are refused')),
)


class CreateApp(resource.Create):
    """Create an app"""

    collection, noun, fields, options = 'apps', 'app', FIELDS, OPTIONS
    examples = ('app create shop --config CURRENCY=EUR --config @secrets.env',)


class DeleteApp(resource.Delete):
    """Delete app(s) that have no functions"""

    collection, noun = 'apps', 'app'


class ListApp(resource.List):
    """List apps"""

    collection, brief = 'apps', 4
    columns = (
        ('ID', 'id'), ('Name', 'name'), ('Description', 'description'), ('Enabled', 'enabled'),
        ('Project ID', 'project_id'), ('Config', 'config'), ('Created At', 'created_at'),
        ('Updated At', 'updated_at'),
    )
    filters = (option.text('--name', 'name', 'Only the one of that name'),)


class SetApp(resource.Set):
    """Change an app"""

    collection, noun, options = 'apps', 'app', OPTIONS
    examples = ('app set shop --config CURRENCY=CHF', 'app set shop --disable')


class ShowApp(resource.Show):
    """Show an app"""

    collection, noun, fields = 'apps', 'app', FIELDS


class UnsetApp(resource.Unset):
    """Give settings of an app their defaults back"""

    collection, noun = 'apps', 'app'
    options = OPTIONS[:1]
    examples = ('app unset shop --config CURRENCY --description',)
