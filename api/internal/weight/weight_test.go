package weight_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/weight"
)

func TestWeightGrowsWithAllThatUsersWrite(t *testing.T) {
	const more = 1000
	long := strings.Repeat("x", more)
	empty := weight.Function(&picasso.Function{})
	for name, fn := range map[string]picasso.Function{
		"description": {FunctionSpec: picasso.FunctionSpec{Description: long}},
		"image":       {FunctionSpec: picasso.FunctionSpec{Image: long}},
		"health path": {FunctionSpec: picasso.FunctionSpec{HealthPath: long}},
		"on success":  {FunctionSpec: picasso.FunctionSpec{OnSuccess: long}},
		"on failure":  {FunctionSpec: picasso.FunctionSpec{OnFailure: long}},
		"entrypoint":  {FunctionSpec: picasso.FunctionSpec{Entrypoint: []string{long}}},
		"roles":       {FunctionSpec: picasso.FunctionSpec{DelegateRoles: []string{long}}},
		"command":     {FunctionSpec: picasso.FunctionSpec{Command: []string{long}}},
		"short words": {FunctionSpec: picasso.FunctionSpec{Command: make([]string, more)}},
		"config":      {FunctionSpec: picasso.FunctionSpec{Config: map[string]string{"A": long}}},
		"app config":  {AppConfig: map[string]string{long: ""}},
	} {
		assert.GreaterOrEqual(t, weight.Function(&fn), empty+more, name)
	}
	for name, trigger := range map[string]picasso.Trigger{
		"template": {TriggerSpec: picasso.TriggerSpec{InputTemplate: long}},
		"roles":    {TriggerSpec: picasso.TriggerSpec{DelegateRoles: []string{long}}},
		"prefix":   {TriggerSpec: picasso.TriggerSpec{Swift: &picasso.Swift{Prefix: long}}},
		"suffix":   {TriggerSpec: picasso.TriggerSpec{Swift: &picasso.Swift{Suffix: long}}},
		"path":     {TriggerSpec: picasso.TriggerSpec{Notification: &picasso.Notification{Filter: map[string]json.RawMessage{long: nil}}}},
		"filter":   {TriggerSpec: picasso.TriggerSpec{Notification: &picasso.Notification{Filter: map[string]json.RawMessage{"a": []byte(long)}}}},
		"error":    {Error: long},
		"secret":   {Secret: long},
	} {
		assert.GreaterOrEqual(t, weight.Trigger(&trigger), weight.Trigger(&picasso.Trigger{})+more, name)
	}
	app := &picasso.App{}
	app.Config = map[string]string{"A": long}
	assert.GreaterOrEqual(t, weight.App(app), weight.App(&picasso.App{})+more)
}
