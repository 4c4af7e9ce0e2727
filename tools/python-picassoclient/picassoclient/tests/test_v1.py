"""Tests of the client of version 1."""

import argparse
import http.server
import json
import threading
import unittest

from keystoneauth1 import exceptions
from keystoneauth1 import session
from keystoneauth1 import token_endpoint

from picassoclient import client
from picassoclient.osc.v1 import base
from picassoclient.v2 import client as v2


class Token(token_endpoint.Token):
    """A token of a project."""

    def get_project_id(self, session, **kwargs):
        return 'p1'


class Server(http.server.BaseHTTPRequestHandler):
    """Writes down what it is asked; the one public route is /open."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.server.asked.append((self.command, self.path, json.loads(body or 'null'),
                                  'X-Auth-Token' in self.headers))
        name = self.path.rpartition('/')[2]
        answer = json.dumps({'route': {'path': '/' + name, 'is_public': name == 'open'}}).encode()
        self.send_response(200)
        self.send_header('Content-Length', len(answer))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *args):
        pass


class TestClient(unittest.TestCase):

    def setUp(self):
        self.server = http.server.HTTPServer(('127.0.0.1', 0), Server)
        self.server.asked = self.asked = []
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.url = 'http://127.0.0.1:%d' % self.server.server_port
        self.client = client.Client(
            'v1', session=session.Session(Token(self.url + '/', 'secret')))

    def test_requests(self):
        apps, routes = self.client.apps, self.client.routes
        for request, want in (
            (lambda: apps.list(), ('GET', '/v1/p1/apps', None)),
            (lambda: apps.create('a'),
             ('POST', '/v1/p1/apps', {'app': {'name': 'a', 'config': {}}})),
            (lambda: apps.show('a b/c'), ('GET', '/v1/p1/apps/a%20b%2Fc', None)),
            (lambda: apps.update('a', config={}), ('PUT', '/v1/p1/apps/a', {'config': {}})),
            (lambda: apps.delete('a'), ('DELETE', '/v1/p1/apps/a', None)),
            (lambda: routes.list('a'), ('GET', '/v1/p1/apps/a/routes', None)),
            (lambda: routes.create('a', 'sync', '/x', 'i', True, memory=64),
             ('POST', '/v1/p1/apps/a/routes', {'route': {
                 'type': 'sync', 'path': '/x', 'image': 'i', 'is_public': True, 'memory': 64,
                 'timeout': None, 'max_concurrency': None, 'config': None}})),
            (lambda: routes.show('a', '/x'), ('GET', '/v1/p1/apps/a/routes/x', None)),
            (lambda: routes.update('a', 'x', type='async'),
             ('PUT', '/v1/p1/apps/a/routes/x', {'type': 'async'})),
            (lambda: routes.delete('a', '/x'), ('DELETE', '/v1/p1/apps/a/routes/x', None)),
        ):
            request()
            self.assertEqual(self.asked.pop(), want + (True,))

    def test_execution(self):
        for route, path, with_token in (('/x', '/v1/r/p1/a/x', True),
                                        ('open', '/r/a/open', False)):
            self.client.routes.execute('a', route, app_name='any name')
            self.assertEqual(self.asked.pop(), ('POST', path, {'app_name': 'any name'}, with_token))
            self.assertEqual(self.client.routes.expose_url('a', route), self.url + path)

    def test_no_token_for_functions(self):
        with self.assertRaisesRegex(ValueError, 'function set a:x --delegate-role'):
            self.client.routes.execute('a', '/x', supply_auth_properties=True)
        self.assertEqual(self.asked, [])

    def test_no_project(self):
        unscoped = session.Session(token_endpoint.Token(self.url, 'secret'))
        with self.assertRaisesRegex(exceptions.ClientException, 'token of a project'):
            client.Client('v1', session=unscoped).apps.list()


class TestVersion(unittest.TestCase):

    def test_others(self):
        self.assertIsInstance(client.Client('v2', session=None), v2.Client)
        for version in ('v3', '', None):
            with self.assertRaisesRegex(ValueError, 'must be v1 or v2'):
                client.Client(version)


class TestJSON(unittest.TestCase):

    def test_object(self):
        self.assertEqual(base.json_object('{"a": [1]}'), {'a': [1]})
        for text in ('', '{"a":', '[1]', 'null', '"a"'):
            with self.subTest(text), self.assertRaises(argparse.ArgumentTypeError):
                base.json_object(text)


if __name__ == '__main__':
    unittest.main()
