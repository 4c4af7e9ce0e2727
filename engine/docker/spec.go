package docker

import (
	"fmt"
	"os"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/picasso-faas/picasso/engine/sandbox"
)

// The labels of everything the driver creates.
const (
	labelHost     = "picasso.host"
	labelKind     = "picasso.kind" // sandbox, namespace or network
	labelProject  = "picasso.project"
	labelFunction = "picasso.function"
	labelRevision = "picasso.revision"
)

// socketDirTarget is where a sandbox sees its socket directory.
const socketDirTarget = "/tmp/iofs"

const mebi = 1 << 20

func (d *Driver) labels(kind string) map[string]string {
	return map[string]string{labelHost: d.config.Host, labelKind: kind}
}

// sandboxConfig is what runs in a sandbox.
func (d *Driver) sandboxConfig(spec *sandbox.Spec) *container.Config {
	labels := d.labels("sandbox")
	labels[labelProject] = spec.Owner.ProjectID
	labels[labelFunction] = spec.Owner.FunctionID
	labels[labelRevision] = strconv.FormatInt(spec.Owner.Revision, 10)
	return &container.Config{
		Image:        spec.Image,
		Entrypoint:   orNil(spec.Entrypoint),
		Cmd:          orNil(spec.Command),
		Env:          spec.Env,
		User:         d.config.User,
		Labels:       labels,
		AttachStdout: true,
		AttachStderr: true,
		AttachStdin:  spec.Stdin != nil,
		OpenStdin:    spec.Stdin != nil,
		StdinOnce:    spec.Stdin != nil,
		// an image's own check would run a process in the sandbox every now and then
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
}

// sandboxHostConfig is how it is confined.
func (d *Driver) sandboxHostConfig(spec *sandbox.Spec, donorID, socketDir string) *container.HostConfig {
	tmpBytes := max(int64(spec.TmpMB)*mebi, int64(os.Getpagesize())) // 0 would be no limit
	host := confined(int64(spec.MemoryMB)*mebi, d.config.PidsLimit)
	host.NetworkMode = container.NetworkMode("container:" + donorID)
	host.Runtime = d.config.SandboxRuntime
	host.Tmpfs = map[string]string{"/tmp": fmt.Sprintf("size=%d,mode=1777,nosuid,nodev,exec", tmpBytes)}
	host.ShmSize = tmpBytes
	if spec.CPUs > 0 {
		host.NanoCPUs = int64(spec.CPUs * 1e9)
	} else {
		host.CPUShares = max(2, int64(spec.MemoryMB)) // 2 is the kernel's least
	}
	if socketDir != "" {
		host.Mounts = []mount.Mount{{Type: mount.TypeBind, Source: socketDir, Target: socketDirTarget}}
	}
	return host
}

// confined is what holds for every container: no privileges and no way to gain
// any, no writing to its image, no swap, no log files on the host. Docker's
// default seccomp profile applies.
func confined(memoryBytes, pids int64) *container.HostConfig {
	return &container.HostConfig{
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		ReadonlyRootfs: true,
		IpcMode:        container.IPCModePrivate,
		CgroupnsMode:   container.CgroupnsModePrivate,
		LogConfig:      container.LogConfig{Type: "none"},
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyDisabled},
		Resources: container.Resources{
			Memory:     memoryBytes,
			MemorySwap: memoryBytes, // of memory and swap together
			PidsLimit:  &pids,
			Ulimits: []*container.Ulimit{
				{Name: "nofile", Soft: 1024, Hard: 1024},
				{Name: "core"},
			},
		},
	}
}

// orNil returns nil for an empty list: to Docker, an empty entrypoint that is
// not nil replaces the image's.
func orNil(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	return args
}
