package docker

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
)

func TestStartDetail(t *testing.T) {
	for message, want := range map[string]string{
		`Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/no": stat /no: no such file or directory: unknown`: `exec: "/no": stat /no: no such file or directory`,
		`OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "x": executable file not found in $PATH: unknown`:                                                        `exec: "x": executable file not found in $PATH`,
		"Error response from daemon: No command specified":                                                                         "no command specified",
		"Error response from daemon: invalid mount config for type \"bind\": bind source path does not exist: /run/picasso/host/x": "the container engine could not start the image",
	} {
		assert.Equal(t, want, startDetail(message))
	}
}

func TestStartError(t *testing.T) {
	for want, err := range map[picasso.Code]error{
		picasso.CodeUnavailable:      errors.New("connection refused"),
		picasso.CodeImageUnavailable: picasso.Errorf(picasso.CodeImageUnavailable, "as it is"),
	} {
		assert.Equal(t, want, startError(err).Code)
	}
	assert.Equal(t, picasso.CodeUnavailable, startError(context.DeadlineExceeded).Code)
}
