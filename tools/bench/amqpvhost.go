package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/picasso-faas/picasso/triggers/amqp"
)

// vhost is a place of our own on the cloud's RabbitMQ.
type vhost struct {
	name   string
	url    string // as amqp091-go writes it
	config amqp.Config
}

func newVhost(ctx context.Context) (*vhost, error) {
	if err := script(ctx, "tools/cloud/up", "rabbitmq"); err != nil {
		return nil, err
	}
	env, err := variables(cloudDir + "/cloud.env")
	if err != nil {
		return nil, err
	}
	v := &vhost{name: fmt.Sprintf("picasso_bench_%d", os.Getpid()), config: amqp.DefaultConfig()}
	v.url = env["CLOUD_AMQP_URL"] + v.name
	v.config.Transport.TransportURL = env["CLOUD_TRANSPORT_URL"] + v.name
	v.config.Options.Exchanges = []string{"swift"}
	user, _, _ := strings.Cut(strings.TrimPrefix(env["CLOUD_AMQP_URL"], "amqp://"), ":")
	if err := v.ctl(ctx, "add_vhost", v.name); err != nil {
		return nil, err
	}
	return v, v.ctl(ctx, "set_permissions", "-p", v.name, user, ".*", ".*", ".*")
}

func (v *vhost) ctl(ctx context.Context, args ...string) error {
	return script(ctx, cloudDir+"/rabbitmqctl", append([]string{"-q"}, args...)...)
}

func (v *vhost) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return v.ctl(ctx, "delete_vhost", v.name)
}

// fill has the queue made, and publishes to the exchange as Swift does.
func (v *vhost) fill(ctx context.Context, events int) error {
	conn, err := amqp091.Dial(v.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if err := errors.Join(ch.Confirm(false), ch.ExchangeDeclare("swift", amqp091.ExchangeTopic, false, false, false, false, nil)); err != nil {
		return err
	}
	if _, err := v.consume(ctx, nobody{}, func(c *amqp.Consumer) bool { return c.Connected() }); err != nil {
		return err
	}
	get, err := os.ReadFile(amqpSamples + "swift-object-get.json")
	if err != nil {
		return err
	}
	put, err := os.ReadFile(amqpSamples + "swift-object-put.json")
	if err != nil {
		return err
	}
	bodies := [][]byte{[]byte(strings.ReplaceAll(string(get), amqpProject, strings.Repeat("f", 32))), put}
	var last *amqp091.DeferredConfirmation
	for i := range events {
		last, err = ch.PublishWithDeferredConfirmWithContext(ctx, "swift", "notifications.info", false, false, amqp091.Publishing{
			ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp091.Persistent, Body: bodies[i%len(bodies)],
		})
		if err != nil {
			return err
		}
	}
	_, err = last.WaitContext(ctx)
	return err
}

// nobody is a handler that gets no message, since none is there.
type nobody struct{}

func (nobody) Handle(context.Context, amqp.Message) error { return errors.New("not now") }

// discard empties the queue.
func (v *vhost) discard(ctx context.Context, h amqp.Handler, events int) (time.Duration, error) {
	counter := &counter{Handler: h}
	took, err := v.consume(ctx, counter, func(*amqp.Consumer) bool { return counter.done.Load() >= int64(events) })
	if err == nil && counter.failed.Load() > 0 {
		err = fmt.Errorf("%d events were not discarded", counter.failed.Load())
	}
	return took, err
}

// counter counts what a handler is through with.
type counter struct {
	amqp.Handler
	done, failed atomic.Int64
}

// Handle implements amqp.Handler.
func (c *counter) Handle(ctx context.Context, m amqp.Message) error {
	err := c.Handler.Handle(ctx, m)
	if err != nil {
		c.failed.Add(1)
	}
	c.done.Add(1)
	return err
}

// consume runs a Consumer until enough is true, and says how long that took.
func (v *vhost) consume(ctx context.Context, h amqp.Handler, enough func(*amqp.Consumer) bool) (time.Duration, error) {
	c, err := amqp.New(v.config, h, silent())
	if err != nil {
		return 0, err
	}
	work, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	began := time.Now()
	go func() { defer close(ended); c.Run(work, ctx) }()
	err = until(ctx, 2*time.Minute, func() error {
		if !enough(c) {
			return errors.New("the consumer is not through")
		}
		return nil
	})
	took := time.Since(began)
	stop()
	<-ended
	return took, err
}
