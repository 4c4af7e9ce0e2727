"""How resources are shown.

Formatters for machines get values as the API sends them, those for people a
text.
"""

import json

from cliff import columns
from osc_lib.cli import format_columns


class ListColumn(columns.FormattableColumn):
    """A list, for people in its order, which osc_lib's would sort."""

    def human_readable(self):
        return ', '.join(str(each) for each in self._value)


class JSONColumn(columns.FormattableColumn):
    """An object, for people in the form that the option takes."""

    def human_readable(self):
        return json.dumps(self._value, ensure_ascii=False, sort_keys=True)


def cell(name, found):
    """The value of a field, for a formatter."""
    if name == 'config':
        return format_columns.DictColumn(found)
    if isinstance(found, dict):
        return JSONColumn(found)
    if isinstance(found, list):
        return ListColumn(found)
    return found


def flat(resource, blocks):
    """The fields of a resource, those in blocks among its own."""
    found = {}
    for name, each in resource.items():
        found.update(each if name in blocks else {name: each})
    return found


def one(resource, fields=(), blocks=()):
    """Names and values of a resource, for ShowOne.

    :param fields: the names that always are there, in their order; what else
        the server sends follows
    :param blocks: names of fields whose own fields are shown in place of them
    """
    found = dict.fromkeys(fields)
    found.update(flat(resource, blocks))
    return tuple(found), tuple(cell(name, each) for name, each in found.items())


def many(resources, columns):
    """Headings and rows of resources, for Lister.

    :param columns: heading, and name of a field or function of the resource
    """
    def value_of(resource, field):
        if callable(field):
            return field(resource)
        return cell(field, resource.get(field))

    return (tuple(heading for heading, _ in columns),
            [tuple(value_of(resource, field) for _, field in columns) for resource in resources])
