package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
)

// pauseCode is machine code that waits for ever, by GOARCH. A donor runs it
// and nothing else: a few bytes instead of an image from a registry.
func pauseCode(arch string) (code []byte, machine uint16) {
	switch arch {
	case "amd64":
		return []byte{
			0xb8, 0x22, 0x00, 0x00, 0x00, // again: mov eax, 34 (pause)
			0x0f, 0x05, // syscall
			0xeb, 0xf7, // jmp again
		}, 62 // EM_X86_64
	case "arm64":
		return []byte{ // has no pause; ppoll of nothing without a time is the same
			0x00, 0x00, 0x80, 0xd2, // again: mov x0, #0
			0x01, 0x00, 0x80, 0xd2, // mov x1, #0
			0x02, 0x00, 0x80, 0xd2, // mov x2, #0
			0x03, 0x00, 0x80, 0xd2, // mov x3, #0
			0x28, 0x09, 0x80, 0xd2, // mov x8, #73 (ppoll)
			0x01, 0x00, 0x00, 0xd4, // svc #0
			0xfa, 0xff, 0xff, 0x17, // b again
		}, 183 // EM_AARCH64
	default:
		return nil, 0
	}
}

// pauseProgram is a static ELF executable of one segment: the ELF header, one
// program header, the code. nil for an architecture without code.
func pauseProgram(arch string) []byte {
	const base, header, segment = 0x400000, 64, 56
	code, machine := pauseCode(arch)
	if code == nil {
		return nil
	}
	size := uint64(header + segment + len(code))
	order := binary.LittleEndian
	b := append([]byte("\x7fELF"), 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0) // 64 bit, little endian, version 1
	for _, half := range []uint16{2, machine} {                        // executable
		b = order.AppendUint16(b, half)
	}
	b = order.AppendUint32(b, 1) // version
	for _, long := range []uint64{base + header + segment, header /* of segments */, 0 /* of sections */} {
		b = order.AppendUint64(b, long)
	}
	b = order.AppendUint32(b, 0)                                 // flags
	for _, half := range []uint16{header, segment, 1, 0, 0, 0} { // one segment, no sections
		b = order.AppendUint16(b, half)
	}
	b = order.AppendUint32(b, 1) // PT_LOAD
	b = order.AppendUint32(b, 5) // readable, executable
	for _, long := range []uint64{0, base, base, size, size, 0x10000} {
		b = order.AppendUint64(b, long)
	}
	return append(b, code...)
}

// pauseArchive is the root file system of a donor.
func pauseArchive(program []byte) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "pause", Mode: 0o555, Size: int64(len(program))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	return archive.Bytes(), w.Close()
}

// ensurePauseImage returns a reference to the image of donors, which it makes
// if Docker does not have it yet.
func (d *Driver) ensurePauseImage(ctx context.Context, arch string) (string, error) {
	program := pauseProgram(arch)
	if program == nil {
		return "", fmt.Errorf("no pause program for architecture %s", arch)
	}
	ref := fmt.Sprintf("picasso/pause:%x", sha256.Sum256(program))[:len("picasso/pause:")+12]
	_, err := d.docker.ImageInspect(ctx, ref)
	if err == nil || !cerrdefs.IsNotFound(err) {
		return ref, err
	}
	archive, err := pauseArchive(program)
	if err != nil {
		return "", err
	}
	source := image.ImportSource{Source: bytes.NewReader(archive), SourceName: "-"}
	answer, err := d.docker.ImageImport(ctx, source, ref, image.ImportOptions{Message: "Picasso: holds a network namespace"})
	if err != nil {
		return "", err
	}
	defer answer.Close()
	_, err = io.Copy(io.Discard, answer)
	return ref, err
}
