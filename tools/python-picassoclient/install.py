#!/usr/bin/python3
"""Install the plugin where pip is not wanted: copy it, and write down its entry points.

    /usr/bin/python3 install.py [DIRECTORY]

The directory has to be on the path of the Python that runs openstack, or in
PYTHONPATH. Without one it is the user's own, which is on the path already.
"""

import pathlib
import shutil
import site
import sys
import tomllib

SOURCE = pathlib.Path(__file__).resolve().parent


def install(target):
    """Copy the package into a directory, with the metadata that pip would write."""
    with open(SOURCE / 'pyproject.toml', 'rb') as file:
        project = tomllib.load(file)['project']
    package = target / 'picassoclient'
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(SOURCE / 'picassoclient', package,
                    ignore=shutil.ignore_patterns('__pycache__', 'tests'))
    metadata = target / ('%s-%s.dist-info' % (project['name'].replace('-', '_'),
                                              project['version']))
    for older in target.glob(metadata.name.split('-')[0] + '-*.dist-info'):
        shutil.rmtree(older)  # its entry points would count, too
    metadata.mkdir()
    (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\n'
                                       % (project['name'], project['version'],
                                          project['description']))
    (metadata / 'entry_points.txt').write_text(entry_points(project))


def entry_points(project):
    """Return the entry points as importlib.metadata reads them."""
    lines = []
    for group, entries in project['entry-points'].items():
        lines.append('[%s]' % group)
        lines += ['%s = %s' % entry for entry in entries.items()]
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    to = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else site.getusersitepackages())
    install(to)
    print('The plugin is in %s' % to)
