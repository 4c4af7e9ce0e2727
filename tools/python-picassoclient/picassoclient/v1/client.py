"""The API of the first Picasso, with the methods of its client.

They return what the API answers: a dictionary of what was asked for and a message.
"""

import urllib.parse

from keystoneauth1 import exceptions

from picassoclient import adapter

NO_AUTH_PROPERTIES = (
    'auth properties are not supplied: with your token, whoever made the function could do '
    'all that you can. Let Picasso give it a token of your project for one role, '
    'with every call: openstack --os-functions-api-version 2 function set %s:%s '
    '--delegate-role ROLE')


class Client(adapter.Adapter):
    """A client of version 1; see adapter.Adapter."""

    def __init__(self, session, **kwargs):
        super().__init__(session, **kwargs)
        self.apps = Apps(self)
        self.routes = Routes(self)

    @property
    def project_id(self):
        """The project that the session is for."""
        found = self.get_project_id()
        if not found:
            raise exceptions.ClientException('version 1 of the API needs a token of a project')
        return found


class Apps:
    """The apps of the project.

    :param app_name: as create returned it, with the project's ID behind it
    """

    def __init__(self, client):
        self.client = client

    def list(self):
        """Return all apps."""
        return self.client.get(self._path()).json()

    def show(self, app_name):
        """Return an app."""
        return self.client.get(self._path(app_name)).json()

    def create(self, app_name, config=None):
        """Create an app, and return it with its own name."""
        body = {'app': {'name': app_name, 'config': config or {}}}
        return self.client.post(self._path(), json=body).json()

    def update(self, app_name, **data):
        """Change an app and return it.

        :param data: config, in place of the one it has, and description
        """
        return self.client.put(self._path(app_name), json=data).json()

    def delete(self, app_name):
        """Delete an app that has no routes."""
        return self.client.delete(self._path(app_name)).json()

    def _path(self, *parts):
        return _path('v1', self.client.project_id, 'apps', *parts)


class Routes:
    """The routes of apps.

    :param app_name: see Apps
    :param route_path: '/name'; the slash may be left out
    """

    def __init__(self, client):
        self.client = client

    def create(self, app_name, execution_type, route_path, image, is_public=False, memory=None,
               timeout=None, max_concurrency=None, config=None):
        """Create a route and return it. What is None has the server's default.

        :param execution_type: 'sync' or 'async'
        :param memory: MiB
        :param timeout: seconds
        """
        route = {
            'type': execution_type, 'path': route_path, 'image': image, 'is_public': is_public,
            'memory': memory, 'timeout': timeout, 'max_concurrency': max_concurrency,
            'config': config,
        }
        return self.client.post(self._path(app_name), json={'route': route}).json()

    def list(self, app_name):
        """Return all routes of an app."""
        return self.client.get(self._path(app_name)).json()

    def show(self, app_name, route_path):
        """Return a route."""
        return self.client.get(self._path(app_name, route_path)).json()

    def update(self, app_name, route_path, **data):
        """Change a route and return it.

        :param data: image, type, is_public, memory, timeout, max_concurrency, config, format
        """
        return self.client.put(self._path(app_name, route_path), json=data).json()

    def delete(self, app_name, route_path):
        """Delete a route."""
        return self.client.delete(self._path(app_name, route_path)).json()

    def execute(self, app_name, route_path, /, supply_auth_properties=False, **data):
        """Execute a route and return its result; {} when it is of type async.

        :param supply_auth_properties: refused with a ValueError, which says what to do instead
        :param data: what the function gets, as JSON
        """
        if supply_auth_properties:
            raise ValueError(NO_AUTH_PROPERTIES % (app_name, route_path.lstrip('/')))
        url, is_public = self._execution(app_name, route_path)
        return self.client.post(url, json=data, authenticated=not is_public).json()

    def expose_url(self, app_name, route_path):
        """Return the URL at which a route is executed: a public one by everybody."""
        url, _ = self._execution(app_name, route_path)
        return self.client.get_endpoint().rstrip('/') + url

    def _execution(self, app_name, route_path):
        """Return where a route is executed, and whether it is public."""
        route = self.show(app_name, route_path)['route']
        parts = (app_name, route['path'].lstrip('/'))
        if route['is_public']:
            return _path('r', *parts), True
        return _path('v1', 'r', self.client.project_id, *parts), False

    def _path(self, app_name, *route_path):
        names = [path.lstrip('/') for path in route_path]
        return _path('v1', self.client.project_id, 'apps', app_name, 'routes', *names)


def _path(*parts):
    return '/' + '/'.join(urllib.parse.quote(part, safe='') for part in parts)
