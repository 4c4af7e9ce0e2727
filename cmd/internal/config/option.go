package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// option is one field that can be set.
type option struct {
	name  string
	help  string
	value reflect.Value
}

// options are the known ones by section and name.
type options map[string]map[string]option

func collect(sections []Section) options {
	known := options{}
	for _, section := range sections {
		if known[section.Name] == nil {
			known[section.Name] = map[string]option{}
		}
		for _, opt := range optionsOf(section) {
			known[section.Name][opt.name] = opt
		}
	}
	return known
}

// optionsOf lists the tagged fields in their order. Fields without the tag are
// not for operators.
func optionsOf(section Section) []option {
	var list []option
	value := reflect.ValueOf(section.Into).Elem()
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if name := field.Tag.Get("ini"); name != "" && name != "-" {
			list = append(list, option{name: name, help: field.Tag.Get("help"), value: value.Field(i)})
		}
	}
	return list
}

func (known options) set(section, name, value string) error {
	group, ok := known[section]
	if !ok {
		return fmt.Errorf("[%s]: no such section", section)
	}
	opt, ok := group[name]
	if !ok {
		return fmt.Errorf("[%s] %s: no such option", section, name)
	}
	if err := assign(opt.value, value); err != nil {
		return fmt.Errorf("[%s] %s: %w", section, name, err)
	}
	return nil
}

// assign parses text by the type of the field. The text stays out of the
// error: it may be a secret.
func assign(field reflect.Value, text string) (err error) {
	switch field.Interface().(type) {
	case time.Duration:
		var d time.Duration
		d, err = parseDuration(text)
		field.SetInt(int64(d))
	case []string:
		field.Set(reflect.ValueOf(parseList(text)))
	default:
		err = assignScalar(field, text)
	}
	return err
}

func assignScalar(field reflect.Value, text string) error {
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		b, err := parseBool(text)
		field.SetBool(b)
		return err
	case reflect.Int, reflect.Int64, reflect.Int32:
		n, err := strconv.ParseInt(text, 10, field.Type().Bits())
		field.SetInt(n)
		return plain(err, "must be a whole number")
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		field.SetFloat(f)
		return plain(err, "must be a number")
	default:
		return fmt.Errorf("cannot be configured: its type is %s", field.Type())
	}
	return nil
}

func plain(err error, reason string) error {
	if err == nil {
		return nil
	}
	return errors.New(reason)
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return false, errors.New("must be true or false")
}

// maxSeconds is the longest time.Duration.
const maxSeconds = float64(1<<63-1) / float64(time.Second)

// parseDuration reads a number of seconds, as oslo.config has them, or a Go
// duration ("1m30s").
func parseDuration(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds < maxSeconds && seconds > -maxSeconds) { // also refuses NaN
			return 0, errors.New("is out of range")
		}
		return time.Duration(seconds * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	return d, plain(err, "must be a number of seconds, or one with a unit such as 500ms or 2m")
}

// parseList splits at commas and leaves out what is empty.
func parseList(text string) []string {
	list := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
