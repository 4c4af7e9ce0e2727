"""Tests of what options take."""

import argparse
import datetime
import io
import os
import tempfile
import unittest
from unittest import mock

from osc_lib import exceptions

from picassoclient.osc.v2 import value


class TestTime(unittest.TestCase):

    def test_seconds(self):
        for text, want in (('0', 0), ('300', 300), ('-1', -1), ('90s', 90), ('5m', 300),
                           ('1h30m', 5400), ('7d', 604800), ('1d2h3m4s', 93784)):
            with self.subTest(text):
                self.assertEqual(value.seconds(text), want)

    def test_no_seconds(self):
        for text in ('', 'soon', '1.5', '5 m', '30m1h', 'm', '1e9', '٣m', '99999d', '-5m'):
            with self.subTest(text), self.assertRaises(argparse.ArgumentTypeError):
                value.seconds(text)

    def test_moments_are_sent_as_they_are(self):
        for text in ('2026-01-31T08:00:00Z', '2026-01-31T08:00:00.5+01:00'):
            with self.subTest(text):
                self.assertEqual(value.past(text), text)
                self.assertEqual(value.future(text), text)

    def test_distances(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for moment, hours in ((value.past('1h'), -1), (value.future('1h'), 1), (value.stamp(), 0)):
            found = datetime.datetime.fromisoformat(moment.replace('Z', '+00:00'))
            self.assertLess(abs(found - now - datetime.timedelta(hours=hours)),
                            datetime.timedelta(minutes=1))

    def test_no_moment(self):
        for text in ('soon', '2026-01-31T08:00:00', '08:00', '1w'):
            with self.subTest(text), self.assertRaises(argparse.ArgumentTypeError):
                value.past(text)
        self.assertIsNone(value.future(''))
        with self.assertRaises(argparse.ArgumentTypeError):
            value.past('')


class TestFiles(unittest.TestCase):

    def file(self, content):
        found = tempfile.NamedTemporaryFile(delete=False)
        self.addCleanup(os.unlink, found.name)
        with found:
            found.write(content)
        return '@' + found.name

    def test_pairs(self):
        file = self.file(b'# of the shop\nA=1\n\nB=x=y\n')
        self.assertEqual(value.read_pairs(['A=0', file, 'B=', 'C= z']),
                         {'A': '1', 'B': '', 'C': ' z'})

    def test_no_pairs(self):
        for text in ('A', '=1', ''):
            with self.subTest(text), self.assertRaises(argparse.ArgumentTypeError):
                value.pair(text)
        with self.assertRaises(exceptions.CommandError) as caught:
            value.read_pairs([self.file(b'A=1\nhush\n')])
        self.assertEqual(str(caught.exception), 'line 2 is not NAME=VALUE')

    def test_conditions(self):
        file = self.file(b' {"payload.state": "active", "payload.size": {"gt": 1}}\n')
        self.assertEqual(
            value.read_conditions(['payload.size=5', file, 'payload.vcpus=2', 'payload.x=null',
                                   'payload.name=a=b']),
            {'payload.state': 'active', 'payload.size': {'gt': 1}, 'payload.vcpus': 2,
             'payload.x': None, 'payload.name': 'a=b'})

    def test_no_conditions(self):
        for text in ('nothing', '=1', '{"a":', ''):
            with self.subTest(text), self.assertRaises(argparse.ArgumentTypeError):
                value.condition(text)

    def test_secret(self):
        self.assertEqual(value.read_secret(self.file(b'two words\r\n')), 'two words')
        self.assertEqual(value.read_secret(''), '')
        with self.assertRaises(exceptions.CommandError):
            value.read_secret(self.file(b'\n'))
        with self.assertRaises(argparse.ArgumentTypeError):
            value.secret_file('hush')

    def test_bytes(self):
        self.assertEqual(value.read_bytes('grüße'), 'grüße'.encode())
        self.assertEqual(value.read_bytes(self.file(b'\0\xff')), b'\0\xff')
        with mock.patch('sys.stdin', io.TextIOWrapper(io.BytesIO(b'\0\xff'))):
            self.assertEqual(value.read_bytes(None), b'\0\xff')

    def test_unreadable(self):
        for read, text, want in ((value.read_bytes, '@/nowhere', '/nowhere: No such file'),
                                 (value.read_text, self.file(b'\xff'), 'is not text in UTF-8')):
            with self.assertRaisesRegex(exceptions.CommandError, want):
                read(text)


if __name__ == '__main__':
    unittest.main()
