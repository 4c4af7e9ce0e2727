package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/api/client"
)

// example is what helpers of tests want, for examples, which have no testing.T. What they clean
// up, end does.
type example struct {
	testing.TB
	cleanups []func()
}

func (e *example) Helper()                      {}
func (e *example) Context() context.Context     { return context.Background() }
func (e *example) Cleanup(f func())             { e.cleanups = append(e.cleanups, f) }
func (e *example) Errorf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }
func (e *example) FailNow()                     { panic("an example failed") }
func (e *example) Fatal(args ...any)            { panic(fmt.Sprint(args...)) }
func (e *example) TempDir() string {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	e.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (e *example) end() {
	for len(e.cleanups) > 0 {
		last := e.cleanups[len(e.cleanups)-1]
		e.cleanups = e.cleanups[:len(e.cleanups)-1]
		last()
	}
}

// exampleClient is a client of a real API in front of an engine that echoes.
func exampleClient() (c *client.Client, end func()) {
	e := &example{}
	return connect(e, &apitest.Engine{}, nil), e.end
}

// The provider client is one that openstack.AuthenticatedClient returns; here its catalog has a
// server of this test.
func ExampleNew() {
	server, end := exampleClient()
	defer end()
	ctx := context.Background()
	provider := &gophercloud.ProviderClient{
		EndpointLocator: func(gophercloud.EndpointOpts) (string, error) { return server.Endpoint, nil },
	}
	functions, err := client.New(provider, gophercloud.EndpointOpts{Region: "RegionOne"})
	if err != nil {
		fmt.Println(err)
		return
	}
	app, err := functions.CreateApp(ctx, client.AppOpts{Name: new("shop"), Description: new("what customers see")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(app.Name, app.Enabled)
	// Output: shop true
}

func ExampleClient_Invoke() {
	c, end := exampleClient()
	defer end()
	ctx := context.Background()
	_, err := c.CreateFunction(ctx, client.FunctionOpts{Name: new("echo"), Image: new("picasso/echo"), MemoryMB: new(256)})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := c.Invoke(ctx, "echo", client.Input{Body: strings.NewReader("Hello"), ContentType: "text/plain"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Status, string(text))
	// Output: 200 Hello
}

// A call that nobody waits for is in the database when InvokeAsync returns. AwaitExecution would wait
// for its end, and ExecutionResult return what the function answered.
func ExampleClient_InvokeAsync() {
	c, end := exampleClient()
	defer end()
	ctx := context.Background()
	if _, err := c.CreateFunction(ctx, client.FunctionOpts{Name: new("echo"), Image: new("picasso/echo")}); err != nil {
		fmt.Println(err)
		return
	}
	execution, err := c.InvokeAsync(ctx, "echo", client.Input{Body: strings.NewReader("Hello"), IdempotencyKey: "order 7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := c.InvokeAsync(ctx, "echo", client.Input{Body: strings.NewReader("Hello"), IdempotencyKey: "order 7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(execution.Status, again.ID == execution.ID)
	if err := c.CancelExecution(ctx, execution.ID); err != nil {
		fmt.Println(err)
		return
	}
	ended, err := c.AwaitExecution(ctx, execution.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ended.Status)
	// Output:
	// queued true
	// cancelled
}

// Lists ask for the next page when they come to it.
func ExampleClient_Apps() {
	c, end := exampleClient()
	defer end()
	ctx := context.Background()
	for _, name := range []string{"blog", "shop", "wiki"} {
		if _, err := c.CreateApp(ctx, client.AppOpts{Name: &name}); err != nil {
			fmt.Println(err)
			return
		}
	}
	for app, err := range c.Apps(ctx, client.ListOpts{Sort: "name:desc", PageSize: 2}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(app.Name)
	}
	// Output:
	// wiki
	// shop
	// blog
}

// The same list in the way of gophercloud's other services.
func ExampleClient_AppPages() {
	c, end := exampleClient()
	defer end()
	ctx := context.Background()
	for _, name := range []string{"blog", "shop", "wiki"} {
		if _, err := c.CreateApp(ctx, client.AppOpts{Name: &name}); err != nil {
			fmt.Println(err)
			return
		}
	}
	pager := c.AppPages(client.ListOpts{Sort: "name:asc", PageSize: 2})
	err := pager.EachPage(ctx, func(_ context.Context, page pagination.Page) (bool, error) {
		apps, err := client.ExtractApps(page)
		var names []string
		for _, app := range apps {
			names = append(names, app.Name)
		}
		fmt.Println(names)
		return true, err
	})
	if err != nil {
		fmt.Println(client.AsError(err))
		return
	}
	all, err := pager.AllPages(ctx)
	if err != nil {
		fmt.Println(client.AsError(err))
		return
	}
	apps, err := client.ExtractApps(all)
	fmt.Println(len(apps), err)
	// Output:
	// [blog shop]
	// [wiki]
	// 3 <nil>
}

func ExampleClient_CreateTrigger() {
	c, end := exampleClient()
	defer end()
	ctx := context.Background()
	if _, err := c.CreateFunction(ctx, client.FunctionOpts{Name: new("report"), Image: new("picasso/echo")}); err != nil {
		fmt.Println(err)
		return
	}
	trigger, err := c.CreateTrigger(ctx, client.TriggerOpts{
		Name: new("nightly"), Function: new("report"), Type: new(picasso.TriggerSchedule),
		Schedule: &client.ScheduleOpts{Cron: new("30 2 * * *"), Timezone: new("Europe/Berlin")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trigger.Function, trigger.State, trigger.Clock.NextAt.Minute())
	// Output: default:report active 30
}

func ExampleError() {
	c, end := exampleClient()
	defer end()
	_, err := c.CreateFunction(context.Background(), client.FunctionOpts{Name: new("f"), Image: new("i"), MemoryMB: new(4)})
	var answer *client.Error
	if errors.As(err, &answer) {
		fmt.Println(answer.Status, answer.Code, answer.Detail)
	}
	// Output: 400 invalid memory_mb: must be from 8 to 65536
}
