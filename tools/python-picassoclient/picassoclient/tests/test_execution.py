"""Tests of commands on executions."""

import argparse
import contextlib
import http.server
import io
import json
import threading
import types
import unittest

from keystoneauth1 import noauth
from keystoneauth1 import session

from picassoclient.osc.v2 import execution
from picassoclient.v2 import client


class Server(http.server.HTTPServer):
    """Answers each request with the next of its answers: a status and a body."""

    def __init__(self, answers):
        super().__init__(('127.0.0.1', 0), Handler)
        self.answers = iter(answers)


class Handler(http.server.BaseHTTPRequestHandler):

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        status, body = next(self.server.answers)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class TestRedriveOfAFunction(unittest.TestCase):

    def run_against(self, *answers):
        """Run the command; return what it prints, and what it raises."""
        server = Server(answers)
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        api = client.Client(session.Session(auth=noauth.NoAuth()),
                            endpoint_override='http://127.0.0.1:%d' % server.server_port)
        out = io.StringIO()
        app = types.SimpleNamespace(client_manager=types.SimpleNamespace(functions=api),
                                    stdout=out)
        command = execution.RedriveExecution(app, argparse.Namespace())
        options = command.get_parser('redrive').parse_args(['--function', 'f', '-f', 'value'])
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                command.run(options)
            except Exception as error:
                return out.getvalue(), error
        return out.getvalue(), None

    def test_pages(self):
        out, error = self.run_against((202, {'executions': ['a', 'b'], 'more': True}),
                                      (202, {'executions': ['c'], 'more': False}))
        self.assertIsNone(error)
        self.assertEqual(out, 'a\nb\nc\n')

    def test_what_was_made_before_an_error_is_shown(self):
        out, error = self.run_against((202, {'executions': ['a', 'b'], 'more': True}), (503, {}))
        self.assertEqual(out, 'a\nb\n')
        self.assertEqual(error.http_status, 503)

    def test_an_error_at_once(self):
        out, error = self.run_against((404, {}))
        self.assertEqual(out, '')
        self.assertEqual(error.http_status, 404)


if __name__ == '__main__':
    unittest.main()
