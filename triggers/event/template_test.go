package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
)

func TestInput(t *testing.T) {
	const plain, asJSON = "text/plain; charset=utf-8", "application/json"
	tests := []struct{ template, want, contentType string }{
		{"no names", "no names", plain},
		{"${id} ${type} ${source} ${subject} ${time}",
			"2026-03-29T01:00:00Z org.openstack.functions.schedule /projects/p1/triggers/t1 nightly 2026-03-29T01:00:00Z", plain},
		{`{"run": ${data.run}}`, `{"run": 3}`, asJSON},
		{`{"who": "${data.who}"}`, `{"who": "a \"b\" <c>\n"}`, asJSON},
		{"${data.big}", "12345678901234567890", asJSON},
		{"${data.list}", `[1,{"x":true}]`, asJSON},
		{"${data.list.0}/${data.list.1.x}/${data.list.1}", `1/true/{"x":true}`, plain},
		{"<${data.list.2}${data.list.-1}${data.list.x}${data.run.x}${data.gone}${data.gone.deeper}>", "<>", plain},
		{"${data.none}", "null", asJSON},
		{"${data.none.x}", "", plain},
		{"${HOME} ${} ${data", "${HOME} ${} ${data", plain},
		{"${${subject}}", "${nightly}", plain},
		{"$subject $${subject} {subject}", "$subject $nightly {subject}", plain},
		{"${subject.x}", "", plain},
		{"${" + strings.Repeat("x", 2000) + "} ${subject}", "${" + strings.Repeat("x", 2000) + "} nightly", plain},
		{"${subject}${subject}", "nightlynightly", plain},
		{"${data.}", "", plain},
		{"ünïcode ${subject} €", "ünïcode nightly €", plain},
	}
	e := sample()
	for _, test := range tests {
		got, err := e.Input(test.template)
		require.NoError(t, err, test.template)
		assert.Equal(t, test.want, string(got.Body), test.template)
		assert.Equal(t, []string{test.contentType}, got.Header["Content-Type"], test.template)
		assert.Equal(t, []string{"nightly"}, got.Header["Ce-Subject"], "binary mode")
	}
}

func TestInputWithoutTemplate(t *testing.T) {
	e := sample()
	want, err := e.Payload()
	require.NoError(t, err)
	got, err := e.Input("")
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestInputWithoutData(t *testing.T) {
	e := sample()
	e.Data = nil
	got, err := e.Input("<${data}${data.x}>")
	require.NoError(t, err)
	assert.Equal(t, "<>", string(got.Body))
}

func TestInputIsBounded(t *testing.T) {
	e := sample()
	e.Data, _ = json.Marshal(strings.Repeat("x", 60<<10))
	_, err := e.Input(strings.Repeat("${data}", 9000)) // 540 MB if nobody looked
	assert.Equal(t, picasso.CodeTooLarge, picasso.CodeOf(err))
	assert.Contains(t, picasso.AsError(err).Detail, "input_template: ")

	got, err := e.Input(strings.Repeat("${", 32<<10) + "}")
	require.NoError(t, err)
	assert.Len(t, got.Body, 64<<10+1)
}

// FuzzInput: whatever event and template are, a text between quotes of a JSON
// template comes out as it was, and nothing grows without bound.
func FuzzInput(f *testing.F) {
	f.Add("nightly", `{"a": ["b", 1]}`, "${data.a.0} ${subject}")
	f.Add("\"\\\n\xff", `{"": {"": null}}`, "${data..}${")
	f.Add("${subject}", `"${id}"`, "${data}}")
	f.Fuzz(func(t *testing.T, subject, data, template string) {
		e := sample()
		e.Subject = subject
		got, err := e.Input(`{"subject":"${subject}"}`)
		require.NoError(t, err)
		var read struct{ Subject string }
		require.NoError(t, json.Unmarshal(got.Body, &read))
		assert.Equal(t, string([]rune(subject)), read.Subject, "bytes that are no UTF-8 are replaced")

		e.Data = json.RawMessage(data)
		got, err = e.Input(template)
		switch {
		case err != nil:
			assert.Contains(t, []picasso.Code{picasso.CodeInvalid, picasso.CodeTooLarge}, picasso.CodeOf(err))
		case !strings.Contains(template, "${") && template != "":
			assert.Equal(t, template, string(got.Body))
		default:
			assert.LessOrEqual(t, len(got.Body), max(event.MaxInputBytes, 4096+12*len(data+subject)))
		}
	})
}
