package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/dispatch"
	"github.com/picasso-faas/picasso/engine/rpc"
)

// registry is a store of hosts whose last heartbeat is always of this moment.
type registry struct {
	picasso.HostStore
	named    map[string]picasso.Engine
	protocol int // that they speak at most
}

func (r *registry) Hosts(ctx context.Context) ([]picasso.HostRecord, error) {
	var records []picasso.HostRecord
	for name, e := range r.named {
		host, err := e.Host(ctx)
		if err != nil {
			return nil, err
		}
		host.Name = name
		records = append(records, picasso.HostRecord{ID: host.Name, HostReport: picasso.HostReport{
			Host: host, Incarnation: "1", MinProtocol: rpc.MinProtocol, MaxProtocol: r.protocol,
		}})
	}
	return records, nil
}

func (r *registry) Inventories(_ context.Context, ids []string) (map[string]picasso.Inventory, error) {
	found := map[string]picasso.Inventory{}
	for _, id := range ids {
		found[id] = picasso.Inventory{}
	}
	return found, nil
}

// dispatched is a dispatcher whose Host is of this moment, as tests want it.
type dispatched struct {
	*dispatch.Dispatcher
}

func (d *dispatched) Host(ctx context.Context) (picasso.Host, error) {
	if err := d.Refresh(ctx); err != nil {
		return picasso.Host{}, err
	}
	host, err := d.Dispatcher.Host(ctx)
	host.Name = "all"
	return host, err
}

// closing is an engine whose owner closes it.
type closing struct{ picasso.Engine }

func (closing) Close() {}

// dispatchTo returns a dispatcher in front of engines that speak up to this
// version of the protocol.
func dispatchTo(t testing.TB, protocol int, engines ...picasso.Engine) picasso.Engine {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	store := &registry{named: map[string]picasso.Engine{}, protocol: protocol}
	for i, e := range engines {
		store.named[fmt.Sprint("host-", i)] = e
	}
	d, err := dispatch.New(dispatch.Config{
		Hosts: store, GiveUp: 10 * time.Second, MinProtocol: rpc.MinProtocol, MaxProtocol: rpc.MaxProtocol, Now: time.Now, Log: log,
		Dial: func(record *picasso.HostRecord) (dispatch.Engine, error) {
			return closing{store.named[record.Name]}, nil
		},
	})
	require.NoError(t, err)
	require.NoError(t, d.Refresh(t.Context()))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		d.Close()
	})
	return &dispatched{d}
}
