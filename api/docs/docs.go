// Package docs holds the page that shows openapi.yaml to people: Redoc, the viewer
// (see vendor), and what puts it to work. Nothing of it is fetched from elsewhere.
package docs

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"io"
	"io/fs"
)

// Policy is the Content-Security-Policy to serve the page with: it reaches nothing but the
// server it came from. Redoc makes its style sheets and the worker of its search itself.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self'; " +
	"worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Index is the name of the page. It refers to the other files as docs/NAME, and to the reference
// as v2/openapi.json.
const Index = "index.html"

//go:embed index.html page.css redoc.js.gz redoc.LICENSE
var files embed.FS

// File is one of the files.
type File struct {
	Type string // of its content
	gzip []byte // compressed; nil: it is in text
	text []byte
}

// Open finds a file by its name; without one, ok is false.
func Open(name string) (f *File, ok bool) {
	kind, ok := types()[name]
	if !ok {
		return nil, false
	}
	text, err := fs.ReadFile(files, name)
	if err == nil {
		return &File{Type: kind, text: text}, true
	}
	compressed, err := fs.ReadFile(files, name+".gz")
	return &File{Type: kind, gzip: compressed}, err == nil
}

func types() map[string]string {
	return map[string]string{
		Index: "text/html; charset=utf-8", "page.css": "text/css; charset=utf-8",
		"redoc.js": "text/javascript; charset=utf-8", "redoc.LICENSE": "text/plain; charset=utf-8",
	}
}

// Gzip returns the file as it is compressed, nil for one that is not.
func (f *File) Gzip() []byte { return f.gzip }

// Text returns the file itself. Errors: none that a test has not seen.
func (f *File) Text() ([]byte, error) {
	if f.gzip == nil {
		return f.text, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(f.gzip))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	return text, errors.Join(err, r.Close())
}
