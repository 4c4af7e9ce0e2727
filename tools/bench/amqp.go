package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/notify"
)

const (
	amqpTriggers = 10000 // ten in a project
	amqpSamples  = "triggers/oslomsg/testdata/"
	amqpProject  = "831c19eab1cb46c9b4bac4568430f510" // of the object in the samples, whose container has no trigger
)

// amqp measures how quickly notifications that concern no trigger are
// discarded, from the queue on, by what picasso-trigger has for it, in this process:
// half of them are of a project without triggers, half of one that has ten on
// other containers. The queue is filled first.
func (b *bench) amqp(ctx context.Context) (err error) {
	v, err := newVhost(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.remove()) }()
	store := newTriggerList()
	handler, err := notify.New(notify.Config{
		Options: notify.DefaultOptions(), Events: store, Log: silent(), Now: time.Now, NewID: uuid.NewString,
	})
	if err != nil {
		return err
	}
	live, stop := context.WithCancel(ctx)
	defer stop()
	go handler.Run(live)
	<-handler.Ready()
	own := []int{os.Getpid()}
	const row = "AMQP events that match nothing, discarded"
	for round := range b.options.rounds {
		if err := v.fill(ctx, b.options.events); err != nil {
			return err
		}
		looks, spent := store.looks.Load(), processorTime(own)
		took, err := v.discard(ctx, handler, b.options.events)
		if err != nil {
			return err
		}
		perSecond := float64(b.options.events) / took.Seconds()
		b.say("amqp, round %d of %d: %.0f discarded/s, %s of processor each, %d looks into the store in all",
			round+1, b.options.rounds, perSecond, (processorTime(own)-spent)/time.Duration(b.options.events), store.looks.Load()-looks)
		b.report.addRate(row, perSecond)
	}
	b.report.addRateTarget(row, 10000)
	return nil
}

func silent() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// triggerList is a store of triggers that counts how often it is looked into. It
// is not asked for anything else by events that concern nobody: that would
// fail, and the events would not be discarded.
type triggerList struct {
	picasso.EventStore
	list  []picasso.Trigger
	looks atomic.Int64
}

func newTriggerList() *triggerList {
	s := &triggerList{}
	for i := range amqpTriggers {
		t := picasso.Trigger{ID: uuid.NewString(), ProjectID: fmt.Sprintf("%032x", i/10), TriggerSpec: picasso.DefaultTriggerSpec()}
		if i < 10 {
			t.ProjectID = amqpProject
		}
		t.Type, t.Swift = picasso.TriggerSwift, &picasso.Swift{Container: fmt.Sprint("photos-", i), Events: []string{"created"}}
		s.list = append(s.list, t)
	}
	return s
}

// EventTriggers implements picasso.EventStore.
func (s *triggerList) EventTriggers(_ context.Context, since int64) ([]picasso.Trigger, int64, error) {
	s.looks.Add(1)
	if since == 1 {
		return nil, 1, nil
	}
	return s.list, 1, nil
}
