package docker

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

func TestConfig(t *testing.T) {
	config := DefaultConfig()
	require.NoError(t, config.Validate())
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no host":          {func(c *Config) { c.Host = "" }, "host: "},
		"host with slash":  {func(c *Config) { c.Host = "a/b" }, "host: "},
		"relative":         {func(c *Config) { c.RuntimeDir = "run" }, "runtime_dir: "},
		"long":             {func(c *Config) { c.RuntimeDir = "/" + strings.Repeat("x", 70) }, "runtime_dir: "},
		"root":             {func(c *Config) { c.User = "0:1000" }, "user: "},
		"root group":       {func(c *Config) { c.User = "1000:0" }, "user: "},
		"user name":        {func(c *Config) { c.User = "nobody" }, "user: "},
		"few pids":         {func(c *Config) { c.PidsLimit = 7 }, "pids_limit: "},
		"many namespaces":  {func(c *Config) { c.PreparedNamespaces = 65 }, "prepared_namespaces: "},
		"minus namespaces": {func(c *Config) { c.ReusedNamespaces = -1 }, "reused_namespaces: "},
		"policy":           {func(c *Config) { c.PullPolicy = "sometimes" }, "pull_policy: "},
		"blocked":          {func(c *Config) { c.BlockedAddresses = []string{"169.254.169.254"} }, "blocked_addresses: "},
		"blocked v6":       {func(c *Config) { c.BlockedAddresses = []string{"fe80::/10"} }, "blocked_addresses: "},
		"subnet":           {func(c *Config) { c.Subnet = "10.0.0.0/30" }, "subnet: "},
		"loopback subnet":  {func(c *Config) { c.Subnet = "127.0.0.0/8" }, "subnet: "},
	} {
		t.Run(name, func(t *testing.T) {
			config := DefaultConfig()
			c.change(&config)
			assert.ErrorContains(t, config.Validate(), c.want)
			_, err := New(t.Context(), config, nil)
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		})
	}
}

func TestPauseProgram(t *testing.T) {
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		program := pauseProgram(arch)
		file, err := elf.NewFile(bytes.NewReader(program))
		require.NoError(t, err, arch)
		assert.Equal(t, machine, file.Machine)
		assert.Equal(t, elf.ET_EXEC, file.Type)
		require.Len(t, file.Progs, 1)
		segment := file.Progs[0]
		assert.Equal(t, elf.PF_R|elf.PF_X, segment.Flags, "nothing is writable")
		assert.Equal(t, uint64(len(program)), segment.Filesz)
		code, _ := pauseCode(arch)
		assert.Equal(t, segment.Vaddr+segment.Filesz-uint64(len(code)), file.Entry)
	}
	assert.Nil(t, pauseProgram("riscv64"))
}

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

func TestFreezerIn(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{"freezer/docker/id1/freezer.state", "system.slice/docker-id2.scope/cgroup.freeze"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte("old"), 0o644))
	}
	for groups, want := range map[string]string{
		"12:memory:/docker/id1\n3:freezer:/docker/id1\n1:name=systemd:/docker/id1\n0::/\n": "freezer/docker/id1/freezer.state",
		"0::/system.slice/docker-id2.scope\n":                                              "system.slice/docker-id2.scope/cgroup.freeze",
		"0::/elsewhere\n":                                                                  "",
		"":                                                                                 "",
		"nonsense\n":                                                                       "",
	} {
		if want != "" {
			want = filepath.Join(root, want)
		}
		assert.Equal(t, freezer(want), freezerIn(root, groups), groups)
	}
	for f, words := range map[freezer][2]string{
		freezer(root + "/freezer/docker/id1/freezer.state"):            {"FROZEN", "THAWED"},
		freezer(root + "/system.slice/docker-id0.scope/cgroup.freeze"): {"1ld", "0ld"},
	} {
		f = f.of("id0", "id2")
		require.True(t, f.freeze())
		content, err := os.ReadFile(string(f))
		require.NoError(t, err)
		assert.Equal(t, words[0], string(content))
		require.True(t, f.thaw())
		content, err = os.ReadFile(string(f))
		require.NoError(t, err)
		assert.Equal(t, words[1], string(content))
	}
	assert.False(t, freezer("").freeze())
	assert.False(t, freezer(root+"/missing/cgroup.freeze").freeze())
	assert.NoDirExists(t, root+"/missing")
}

func FuzzFreezerIn(f *testing.F) {
	f.Add("3:freezer:/docker/id1\n0::/x\n")
	f.Fuzz(func(t *testing.T, groups string) { freezerIn("/nonexistent", groups) })
}

func TestLasting(t *testing.T) {
	const sum = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	found := image.InspectResponse{ID: "sha256:id", RepoDigests: []string{"other@" + sum, "registry:5000/a/b@" + sum}}
	for ref, want := range map[string]string{
		"other":               "other@" + sum,
		"other:tag":           "other@" + sum,
		"registry:5000/a/b:1": "registry:5000/a/b@" + sum,
		"local":               "sha256:id",
	} {
		named, _, err := parseImage(ref)
		require.NoError(t, err)
		assert.Equal(t, want, lasting(found, named), ref)
	}
	assert.Equal(t, "sha256:id", lasting(found, nil))
}

func FuzzParseImage(f *testing.F) {
	f.Add("alpine")
	f.Add("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Add("registry:5000/a/b:tag@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, ref string) {
		named, id, err := parseImage(ref)
		if err == nil && (named == nil) == (id == "") {
			t.Errorf("%q is neither a name nor an id, or both", ref)
		}
	})
}

func TestFenced(t *testing.T) {
	d := &Driver{config: Config{Host: "h", BlockedAddresses: []string{"169.254.1.2/16", "10.0.0.1/32"}}}
	networks, err := d.fenced(&network.EndpointSettings{IPAddress: "172.18.0.2", IPPrefixLen: 16})
	require.NoError(t, err)
	assert.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("172.18.0.0/16"),
	}, networks)
	_, err = d.fenced(nil)
	assert.Error(t, err)
	_, err = d.fenced(&network.EndpointSettings{})
	assert.Error(t, err)
}

func TestAckError(t *testing.T) {
	header := make([]byte, 16)
	assert.NoError(t, ackError(append(header, 0, 0, 0, 0)))
	assert.ErrorContains(t, ackError(append(header, 0xef, 0xff, 0xff, 0xff)), "file exists")
	assert.Error(t, ackError(header))
}

func TestDonorPool(t *testing.T) {
	p := donorPool{all: map[string]*donor{}}
	make := func(name string, network picasso.Network) *donor {
		n := &donor{name: name, network: network}
		p.add(n)
		return n
	}
	mine, others := sandbox.Owner{FunctionID: "mine"}, sandbox.Owner{FunctionID: "others"}
	first, second := make("first", picasso.NetworkEgress), make("second", picasso.NetworkEgress)
	none := make("none", picasso.NetworkNone)
	for _, n := range []*donor{first, second, none} {
		assert.Empty(t, p.put(n))
	}
	assert.Equal(t, 2, p.readyCount(picasso.NetworkEgress))
	assert.Same(t, none, p.take(mine, picasso.NetworkNone))
	assert.Nil(t, p.take(mine, picasso.NetworkNone), "in use")

	second.owner = mine
	require.Same(t, second, p.take(mine, picasso.NetworkEgress))
	assert.Empty(t, p.park(second, 1))
	assert.Same(t, first, p.take(others, picasso.NetworkEgress), "a used one is for its owner only")
	assert.Nil(t, p.take(others, picasso.NetworkEgress))
	assert.Same(t, second, p.take(mine, picasso.NetworkEgress))

	first.owner = others
	assert.Empty(t, p.park(first, 1))
	assert.Equal(t, []*donor{first}, p.park(second, 1), "the oldest makes room")
	assert.Same(t, second, p.ended("second"), "one that waits is to be discarded")
	assert.Nil(t, p.take(mine, picasso.NetworkEgress))
	assert.Nil(t, p.ended("none"), "one in use is discarded when it is given back")
	assert.Equal(t, []*donor{none}, p.park(none, 9))
	assert.Nil(t, p.ended("stranger"))
	p.forget("first")
	assert.False(t, p.known("first"))
	assert.Empty(t, p.drain())
}
