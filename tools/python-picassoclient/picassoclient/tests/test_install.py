"""Tests of install.py."""

import importlib.metadata
import pathlib
import tempfile
import unittest

import install


class TestInstall(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.target = pathlib.Path(folder.name)

    def found(self):
        return list(importlib.metadata.distributions(path=[str(self.target)]))

    def test_entry_points(self):
        install.install(self.target)
        distribution, = self.found()
        self.assertEqual(distribution.metadata['Name'], 'python-picassoclient')
        commands = distribution.entry_points.select(group='openstack.functions.v2')
        self.assertIn('function_create', commands.names)

    def test_an_older_version_goes(self):
        install.install(self.target)
        installed = self.found()[0]
        older = self.target / 'python_picassoclient-1.9.0.dist-info'
        (self.target / ('python_picassoclient-%s.dist-info' % installed.version)).rename(older)
        (older / 'RECORD').touch()
        other = self.target / 'python_picassoclient_extras-1.0.dist-info'
        other.mkdir()
        install.install(self.target)
        self.assertEqual(sorted(each.name for each in self.target.glob('*.dist-info')),
                         ['python_picassoclient-%s.dist-info' % installed.version, other.name])


if __name__ == '__main__':
    unittest.main()
