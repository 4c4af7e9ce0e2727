"""Tests of how command lines become bodies."""

import argparse
import contextlib
import io
import unittest

from osc_lib import exceptions

from picassoclient.osc.v2 import function
from picassoclient.osc.v2 import option
from picassoclient.osc.v2 import triggeroption


def body(options, line):
    """What a command line sets."""
    parser = argparse.ArgumentParser()
    option.add_all(parser, options)
    return option.body_of(parser.parse_args(line), options)


def block(line, kind=None):
    """What a command line says of a trigger's type."""
    parser = argparse.ArgumentParser()
    triggeroption.add_types(parser)
    return triggeroption.read_types(parser.parse_args(line), kind)


class TestFunctionOptions(unittest.TestCase):

    def test_only_what_is_given_is_sent(self):
        self.assertEqual(body(function.OPTIONS, []), {})

    def test_body(self):
        self.assertEqual(
            body(function.OPTIONS, [
                '--memory', '256', '--cpus', '0.5', '--timeout', '2m', '--max-attempts', '5',
                '--max-age', '1h', '--config', 'A=1', '--config', 'B=', '--command', 'wc',
                '--command=-l', '--entrypoint', '', '--private', '--delegate-role', 'member',
                '--on-failure', '']),
            {'memory_mb': 256, 'cpus': 0.5, 'timeout_s': 120,
             'retry': {'max_attempts': 5, 'max_age_s': 3600}, 'config': {'A': '1', 'B': ''},
             'command': ['wc', '-l'], 'entrypoint': [], 'public': False,
             'delegate_roles': ['member'], 'on_failure': ''})

    def test_constants(self):
        self.assertEqual(body(function.OPTIONS, ['--public', '--disable', '--no-delegate-roles']),
                         {'public': True, 'enabled': False, 'delegate_roles': []})

    def test_refused(self):
        for line in (['--public', '--private'], ['--memory', 'much'], ['--config', 'A'],
                     ['--timeout', 'soon'], ['--contract', 'x'],
                     ['--delegate-role', 'member', '--no-delegate-roles']):
            with self.subTest(line), contextlib.redirect_stderr(io.StringIO()):
                with self.assertRaises(SystemExit):
                    body(function.OPTIONS, line)

    def test_a_file_that_is_not_there(self):
        with self.assertRaisesRegex(exceptions.CommandError, '^argument --config: /nowhere: '):
            body(function.OPTIONS, ['--config', '@/nowhere'])

    def test_what_can_be_unset(self):
        flags = {each.flag for each in function.UnsetFunction.options}
        self.assertLessEqual({'--timeout', '--delegate-role', '--max-age', '--on-failure'}, flags)
        self.assertFalse({'--config', '--public', '--no-delegate-roles', '--app'} & flags)


class TestTriggerOptions(unittest.TestCase):

    def test_type_by_its_options(self):
        for line, kind, want in (
            (['--container', 'photos', '--event', 'created', '--event', 'deleted', '--no-verify'],
             'swift', {'container': 'photos', 'events': ['created', 'deleted'], 'verify': False}),
            (['--event-type', 'x.*', '--filter', 'payload.n=1', '--own-project'], 'notification',
             {'event_type': 'x.*', 'filter': {'payload.n': 1}, 'all_projects': False}),
            (['--auth', 'hmac', '--secret', ''], 'webhook', {'auth': 'hmac', 'secret': ''}),
            ([], None, None),
        ):
            with self.subTest(line):
                self.assertEqual(block(line), (kind, want))

    def test_type_that_needs_nothing(self):
        self.assertEqual(block([], 'alarm'), ('alarm', {}))

    def test_one_ends_the_others(self):
        self.assertEqual(block(['--every', '5m', '--start', '']), ('schedule', {
            'cron': None, 'every_s': 300, 'at': None, 'start_at': None}))
        self.assertEqual(block(['--alarm-name', 'cpu-high']),
                         ('alarm', {'alarm_id': None, 'alarm_name': 'cpu-high'}))

    def test_options_of_another_type(self):
        for line, kind in ((['--container', 'c', '--every', '5m'], None),
                           (['--every', '5m'], 'swift')):
            with self.assertRaisesRegex(exceptions.CommandError,
                                        '--every: is for type schedule, not swift'):
                block(line, kind)


if __name__ == '__main__':
    unittest.main()
