// Package migrations holds the schema of every version, in the SQL of each
// database. A file is never changed once it is released; the next one changes
// what it made. Files of the same number do the same in both folders.
package migrations

import "embed"

// Files holds the folders "mysql" and "sqlite" with goose's migrations.
//
//go:embed mysql/*.sql sqlite/*.sql
var Files embed.FS
