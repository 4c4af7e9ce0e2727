package docker

import (
	"bytes"
	"debug/elf"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
