package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// The values of -auth, and of auth_strategy in picasso.conf.
const (
	authKeystone = "keystone"
	authNone     = "noauth"
)

const cloudDir = "/var/lib/picasso-cloud" // of tools/cloud

// cloud is a database of our own in MariaDB and two identities in Keystone.
// The zero cloud stands for SQLite and noauth.
type cloud struct {
	token      string            // of user alice in project alpha
	service    map[string]string // openrc of Picasso's service user
	connection string            // as [database] connection has it
	database   string
	dsn        *mysql.Config
}

func newCloud(ctx context.Context) (cloud, error) {
	env, err := variables(cloudDir + "/cloud.env")
	if err != nil {
		return cloud{}, err
	}
	dsn, err := mysql.ParseDSN(env["CLOUD_DB_DSN"])
	if err != nil {
		return cloud{}, err
	}
	c := cloud{dsn: dsn, database: fmt.Sprintf("picasso_bench_%d", os.Getpid())}
	c.connection = fmt.Sprintf("mysql+pymysql://%s:%s@%s/%s?charset=utf8mb4", dsn.User, dsn.Passwd, dsn.Addr, c.database)
	if c.service, err = variables(cloudDir + "/openrc.service-functions"); err != nil {
		return cloud{}, err
	}
	alice, err := variables(cloudDir + "/openrc.alpha")
	if err != nil {
		return cloud{}, err
	}
	if c.token, err = issue(ctx, alice); err != nil {
		return cloud{}, err
	}
	return c, c.execute(ctx, "CREATE DATABASE "+c.database)
}

func (c *cloud) close(ctx context.Context) error {
	if c.dsn == nil {
		return nil
	}
	return c.execute(ctx, "DROP DATABASE IF EXISTS "+c.database)
}

func (c *cloud) execute(ctx context.Context, statement string) error {
	db, err := sql.Open("mysql", c.dsn.FormatDSN())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// text is the one value that a query returns.
func (c *cloud) text(ctx context.Context, query string) (value string, err error) {
	db, err := sql.Open("mysql", c.dsn.FormatDSN())
	if err != nil {
		return "", err
	}
	err = db.QueryRowContext(ctx, query).Scan(&value)
	return value, errors.Join(err, db.Close())
}

// authtoken is section [keystone_authtoken].
func (c *cloud) authtoken() string {
	url := strings.TrimSuffix(c.service["OS_AUTH_URL"], "/v3")
	return fmt.Sprintf(`[keystone_authtoken]
auth_type = password
auth_url = %s
www_authenticate_uri = %s
username = %s
password = %s
user_domain_name = %s
project_name = %s
project_domain_name = %s
region_name = %s
`, url, url, c.service["OS_USERNAME"], c.service["OS_PASSWORD"], c.service["OS_USER_DOMAIN_NAME"],
		c.service["OS_PROJECT_NAME"], c.service["OS_PROJECT_DOMAIN_NAME"], c.service["OS_REGION_NAME"])
}

// variables reads KEY=VALUE and export KEY=VALUE lines.
func variables(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		all[strings.TrimPrefix(key, "export ")] = value
	}
	return all, nil
}

// issue gets a token with a password (Identity API v3, POST /v3/auth/tokens).
func issue(ctx context.Context, openrc map[string]string) (string, error) {
	type object = map[string]any
	user := object{"name": openrc["OS_USERNAME"], "password": openrc["OS_PASSWORD"], "domain": object{"name": openrc["OS_USER_DOMAIN_NAME"]}}
	project := object{"name": openrc["OS_PROJECT_NAME"], "domain": object{"name": openrc["OS_PROJECT_DOMAIN_NAME"]}}
	body, err := json.Marshal(object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": user}},
		"scope":    object{"project": project},
	}})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, openrc["OS_AUTH_URL"]+"/auth/tokens", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("no token from Keystone: %s", answer.Status)
	}
	return answer.Header.Get("X-Subject-Token"), nil
}
