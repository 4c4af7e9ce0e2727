"""What options take: times, spans of time, pairs, conditions and files.

Functions for argparse's type= say what is wrong by ArgumentTypeError. Files
are read later, by those named read_*: what is in them is not among the
arguments that --debug shows.
"""

import argparse
import datetime
import json
import re
import sys

from osc_lib import exceptions

_UNITS = {'d': 86400, 'h': 3600, 'm': 60, 's': 1}
_SPAN = re.compile(r'(\d+d)?(\d+h)?(\d+m)?(\d+s)?', re.ASCII)
_LONGEST = 100 * 365 * 86400


def span(text):
    """Return the seconds of a span of time such as 90s, 1h30m or 7d; None if it is none."""
    match = _SPAN.fullmatch(text)
    if not text or not match:
        return None
    total = sum(int(part[:-1]) * _UNITS[part[-1]] for part in match.groups() if part)
    return total if total <= _LONGEST else None


def seconds(text):
    """Return a number of seconds, which may have units."""
    if re.fullmatch(r'-?\d+', text, re.ASCII):
        return int(text)  # whether it fits the server knows
    found = span(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            'must be a whole number of seconds, or have units as 5m, 1h30m or 7d')
    return found


def _moment(text, direction):
    found = span(text)
    if found is not None:
        return stamp(datetime.timedelta(seconds=direction * found))
    try:  # before 3.11 Python does not know the Z
        moment = datetime.datetime.fromisoformat(re.sub('[zZ]$', '+00:00', text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            'must be a time such as 2026-01-31T08:00:00Z, '
            'or its distance from now such as 90s, 1h30m or 7d')
    return text


def past(text):
    """Return a time as the API takes it: RFC 3339, or how long ago it was."""
    return _moment(text, -1)


def future(text):
    """Return a time as the API takes it: RFC 3339, or how far away it is; '' is none."""
    return _moment(text, 1) if text else None


def stamp(distance=datetime.timedelta()):
    """Return the time at a distance from now, as the API takes it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + distance
    return moment.strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def pair(text):
    """Check NAME=VALUE, or @FILE with a line of that for each."""
    name, found, _ = text.partition('=')
    if not text.startswith('@') and not (found and name):
        raise argparse.ArgumentTypeError('must be NAME=VALUE or @FILE')
    return text


def read_pairs(texts):
    """Return the dictionary of what was given, the last one winning."""
    lines = []
    for text in texts:
        if text.startswith('@'):
            lines += [line for line in read_text(text).splitlines()
                      if line.strip() and not line.startswith('#')]
        else:
            lines.append(text)
    for number, line in enumerate(lines, 1):
        if '=' not in line[1:]:  # without the line, which may be a secret
            raise exceptions.CommandError('line %d is not NAME=VALUE' % number)
    return dict(line.split('=', 1) for line in lines)


def condition(text):
    """Check FIELD=VALUE, a JSON object of them, or @FILE with one."""
    if not text.startswith('@'):
        try:
            _conditions(text)
        except exceptions.CommandError as error:
            raise argparse.ArgumentTypeError(str(error))
    return text


def read_conditions(texts):
    """Return the dictionary of what was given, the last one winning."""
    found = {}
    for text in texts:
        found.update(_conditions(read_text(text) if text.startswith('@') else text))
    return found


def _conditions(text):
    if text.lstrip().startswith('{'):
        try:
            return json.loads(text)
        except ValueError as error:
            raise exceptions.CommandError('is no JSON object: %s' % error)
    field, found, value = text.strip().partition('=')
    if not found or not field:
        raise exceptions.CommandError('must be FIELD=VALUE, a JSON object or @FILE')
    try:
        return {field: json.loads(value)}
    except ValueError:
        return {field: value}


def secret_file(text):
    """Check @FILE: others on the host can see the command line. '' is none."""
    if text and not text.startswith('@'):
        raise argparse.ArgumentTypeError('must be @FILE, or @- for standard input: '
                                         'others on this host can see the command line')
    return text


def read_secret(text):
    """Return the secret in a file."""
    secret = read_text(text).rstrip('\r\n')
    if text and not secret:
        raise exceptions.CommandError('the file is empty')
    return secret


def read_text(text):
    """Return a text, or what is in @FILE."""
    try:
        return read_bytes(text).decode()
    except UnicodeDecodeError:
        raise exceptions.CommandError('%s is not text in UTF-8' % text[1:])


def read_bytes(text):
    """Return a text, or what is in @FILE or standard input, as bytes.

    Without a text it is standard input, unless somebody sits there.
    """
    if text is None and sys.stdin.isatty():
        return b''
    if text is None or text == '@-':
        return sys.stdin.buffer.read()
    if not text.startswith('@'):
        return text.encode('utf-8', 'surrogateescape')
    try:
        with open(text[1:], 'rb') as file:
            return file.read()
    except OSError as error:
        raise exceptions.CommandError('%s: %s' % (text[1:], error.strerror))


def words(texts):
    """Return a list; a single empty word is none."""
    return [] if texts == [''] else texts
