// Package weight tells how much memory resources take, about: users decide how
// long they are, and what is kept or built in memory has to be bounded by bytes.
package weight

import "github.com/picasso-faas/picasso"

// Least is the weight of a resource without its texts, maps and lists, in bytes.
const Least = 1 << 10

const each = 64 // bytes of an entry of a map or list without its text

// Function returns the bytes of a function, with the config of its app.
func Function(fn *picasso.Function) int {
	return Least + len(fn.Description) + len(fn.Image) + len(fn.HealthPath) + len(fn.OnSuccess) + len(fn.OnFailure) +
		words(fn.Entrypoint) + words(fn.Command) + words(fn.DelegateRoles) + words(fn.HostTags) + config(fn.Config) + config(fn.AppConfig)
}

// App returns the bytes of an app.
func App(app *picasso.App) int { return Least + len(app.Description) + config(app.Config) }

// Trigger returns the bytes of a trigger.
func Trigger(t *picasso.Trigger) int {
	bytes := Least + len(t.InputTemplate) + len(t.Error) + len(t.Secret) + words(t.DelegateRoles)
	if b := t.Swift; b != nil {
		bytes += len(b.Prefix) + len(b.Suffix)
	}
	if b := t.Notification; b != nil {
		for name, value := range b.Filter {
			bytes += each + len(name) + len(value)
		}
	}
	return bytes
}

func words(list []string) (bytes int) {
	for _, word := range list {
		bytes += each + len(word)
	}
	return bytes
}

func config(entries map[string]string) (bytes int) {
	for name, value := range entries {
		bytes += each + len(name) + len(value)
	}
	return bytes
}
