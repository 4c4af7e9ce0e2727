"""Projects, users, roles and catalogue of the development cloud.

Idempotent: what is there is left alone. Everything comes from the environment,
so that no secret is on a command line.
"""
import os

from keystoneauth1 import session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client

env = os.environ
keystone = client.Client(session=session.Session(auth=v3.Password(
    env['AUTH_URL'], username='admin', password=env['ADMIN_SECRET'],
    project_name='admin', user_domain_id='default', project_domain_id='default')))


def one(manager, name, **fields):
    """The object of that name, made when it is missing."""
    found = [x for x in manager.list() if x.name == name]
    return found[0] if found else manager.create(name=name, **fields)


def user(name, secret, project, *role_names):
    """The user of that name, with the roles on the project."""
    got = one(keystone.users, name, domain='default', password=env[secret],
              default_project=project)
    for role in role_names:
        keystone.roles.grant(roles[role], user=got, project=project)
    return got


def endpoint(service_type, name, public, internal):
    """The service in the catalogue, with all three interfaces."""
    found = keystone.services.list(type=service_type)
    service = found[0] if found else keystone.services.create(
        name=name, type=service_type)
    have = {e.interface: e for e in keystone.endpoints.list(service=service)}
    for interface, url in (('public', public), ('internal', internal),
                           ('admin', internal)):
        if interface not in have:
            keystone.endpoints.create(service, url, interface=interface,
                                      region=env['REGION'])
        elif have[interface].url != url:
            keystone.endpoints.update(have[interface], url=url)


roles = {name: one(keystone.roles, name)
         for name in ('admin', 'member', 'reader', 'service', 'ResellerAdmin')}
projects = {name: one(keystone.projects, name, domain='default')
            for name in ('service', 'alpha', 'beta')}

for service_user in ('swift', 'aodh', 'ceilometer'):
    user(service_user, 'SERVICE_SECRET', projects['service'], 'admin', 'service')
# Picasso's own user may validate tokens, and read every project's limits
functions = user('functions', 'SERVICE_SECRET', projects['service'], 'service')
keystone.roles.grant(roles['reader'], user=functions, system='all')

user('alice', 'USER_SECRET', projects['alpha'], 'member')
user('rhea', 'USER_SECRET', projects['alpha'], 'reader')
user('bob', 'USER_SECRET', projects['beta'], 'member')

public_url = 'http://' + env['PUBLIC_HOST']
endpoint('identity', 'keystone', public_url + ':5000/v3', env['AUTH_URL'])
swift = public_url + ':8080/v1/AUTH_%(project_id)s'  # it can listen at one address only
endpoint('object-store', 'swift', swift, swift)
endpoint('alarming', 'aodh', public_url + ':8042', 'http://127.0.0.1:8042')
endpoint('functions', 'picasso', env['PICASSO_URL'], env['PICASSO_URL'])
