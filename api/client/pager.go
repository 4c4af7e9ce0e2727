package client

import (
	"encoding/json"
	"fmt"

	"github.com/gophercloud/gophercloud/v2/pagination"

	"github.com/picasso-faas/picasso"
)

// AppPages is the list of Apps as a pager of gophercloud, for code that works with those: its
// EachPage and AllPages give pages to ExtractApps. Its errors are gophercloud's; see AsError.
func (c *Client) AppPages(opts ListOpts) pagination.Pager { return c.pager("apps", opts) }

// FunctionPages is the list of Functions as a pager; see AppPages.
func (c *Client) FunctionPages(opts ListOpts) pagination.Pager { return c.pager("functions", opts) }

// ExecutionPages is the list of Executions as a pager; see AppPages.
func (c *Client) ExecutionPages(opts ListOpts) pagination.Pager { return c.pager("executions", opts) }

// TriggerPages is the list of Triggers as a pager; see AppPages.
func (c *Client) TriggerPages(opts ListOpts) pagination.Pager { return c.pager("triggers", opts) }

// ExtractApps returns the apps of a page. Errors: it is none of AppPages.
func ExtractApps(page pagination.Page) ([]picasso.App, error) {
	return extract[picasso.App](page, "apps")
}

// ExtractFunctions returns the functions of a page. Errors: it is none of FunctionPages.
func ExtractFunctions(page pagination.Page) ([]picasso.Function, error) {
	return extract[picasso.Function](page, "functions")
}

// ExtractExecutions returns the executions of a page. Errors: it is none of ExecutionPages.
func ExtractExecutions(page pagination.Page) ([]picasso.Execution, error) {
	return extract[picasso.Execution](page, "executions")
}

// ExtractTriggers returns the triggers of a page. Errors: it is none of TriggerPages.
func ExtractTriggers(page pagination.Page) ([]Trigger, error) {
	return extract[Trigger](page, "triggers")
}

// AsError turns an error of gophercloud's pagers into the *Error that the API answered with. Every
// other error stays as it is.
func AsError(err error) error { return asError(err) }

// listPage is a pagination.Page. AllPages makes one that has a body and nothing else.
type listPage struct {
	pagination.PageResult
	client *Client
	plural string
}

func (c *Client) pager(plural string, opts ListOpts) pagination.Pager {
	return pagination.NewPager(c.ServiceClient, c.url(plural)+opts.query(), func(r pagination.PageResult) pagination.Page {
		return listPage{r, c, plural}
	})
}

func extract[T any](page pagination.Page, plural string) (items []T, err error) {
	p, ok := page.(listPage)
	if !ok || p.plural != "" && p.plural != plural {
		return nil, fmt.Errorf("a page of %s is expected", plural)
	}
	return items, p.member(plural, &items)
}

// member decodes a member of the body, if it is there. gophercloud's own way to do that does not
// know structs that are embedded in others.
func (p listPage) member(name string, into any) error {
	raw, err := json.Marshal(p.Body)
	if err != nil {
		return err
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("the answer is no list: %w", err)
	}
	return decodeMember(body, name, into)
}

// NextPageURL implements pagination.Page.
func (p listPage) NextPageURL() (next string, err error) {
	var links []link
	if err := p.member(p.plural+"_links", &links); err != nil {
		return "", err
	}
	for _, l := range links {
		if l.Rel == "next" {
			next, err = p.client.follow(p.URL.String(), l.Href)
		}
	}
	return next, err
}

// IsEmpty implements pagination.Page.
func (p listPage) IsEmpty() (bool, error) {
	var items []any
	err := p.member(p.plural, &items)
	return len(items) == 0, err
}

// GetBody implements pagination.Page.
func (p listPage) GetBody() any { return p.Body }

// ResourceKey implements pagination.KeyedPage.
func (p listPage) ResourceKey() string { return p.plural }
