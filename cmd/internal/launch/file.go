package launch

import (
	"fmt"
	"os"
)

// readFiles reads the files that options of the role name: the packages that
// work with them read none.
func (c *Config) readFiles(role Role) error {
	type file struct {
		section, option, name string
		into                  *[]byte
	}
	var files []file
	if c.usesKeystone(role) {
		files = append(files, file{"keystone_authtoken", "cafile", c.Keystone.CAFile, &c.Keystone.CA})
	}
	if role != RoleAllInOne {
		rpc := &c.RPC
		files = append(files, file{"rpc", "cert", rpc.Cert, &rpc.cert}, file{"rpc", "key", rpc.Key, &rpc.key}, file{"rpc", "ca", rpc.CA, &rpc.ca})
	}
	if role.hasTriggers() {
		rabbit := &c.AMQP.Rabbit
		files = append(files, file{"destinations", "cafile", c.Destinations.CAFile, &c.Destinations.CA},
			file{"notifications", "cafile", c.Notify.CAFile, &c.Notify.CA},
			file{"oslo_messaging_rabbit", "ssl_ca_file", rabbit.CAFile, &rabbit.CA},
			file{"oslo_messaging_rabbit", "ssl_cert_file", rabbit.CertFile, &rabbit.Cert},
			file{"oslo_messaging_rabbit", "ssl_key_file", rabbit.KeyFile, &rabbit.Key})
	}
	for _, f := range files {
		if f.name == "" {
			continue
		}
		content, err := os.ReadFile(f.name)
		if err != nil {
			return fmt.Errorf("[%s] %s: %w", f.section, f.option, err)
		}
		*f.into = content
	}
	return nil
}
