package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	maxBodyBytes = 64 << 20 // of one answer
	excerptBytes = 200      // of a wrong answer, in the error
)

// reader reads answers off one connection (RFC 9112): a final status, headers,
// and a body with a length or in chunks.
type reader struct {
	in   *bufio.Reader
	body []byte // reused
}

func newReader(r io.Reader) *reader { return &reader{in: bufio.NewReaderSize(r, 32<<10)} }

// read reads one answer and compares it. A nil body is not compared.
func (r *reader) read(status int, body []byte) error {
	got, length, err := r.head()
	if err != nil {
		return err
	}
	r.body = r.body[:0]
	if length >= 0 {
		err = r.take(length)
	} else {
		err = r.chunks()
	}
	if err != nil {
		return err
	}
	if got != status || (body != nil && !bytes.Equal(r.body, body)) {
		return fmt.Errorf("wrong answer: status %d, %d bytes: %.*q", got, len(r.body), excerptBytes, r.body)
	}
	return nil
}

// head returns the status and the length of the body, -1 for chunks.
func (r *reader) head() (status, length int, err error) {
	line, err := r.line()
	if err != nil {
		return 0, 0, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("not HTTP/1.1: %.*q", excerptBytes, line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, fmt.Errorf("no status in %.*q", excerptBytes, line)
	}
	isChunked := false
	length = -1
	for {
		line, err = r.line()
		if err != nil {
			return 0, 0, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return 0, 0, fmt.Errorf("no length in %.*q", excerptBytes, line)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			isChunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	if length < 0 && !isChunked {
		return 0, 0, errors.New("an answer without length would end its connection")
	}
	return status, length, nil
}

func (r *reader) line() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// take appends the next n bytes to the body.
func (r *reader) take(n int) error {
	if n > maxBodyBytes-len(r.body) {
		return errors.New("answer too long")
	}
	have := len(r.body)
	if cap(r.body) < have+n {
		r.body = append(make([]byte, 0, have+n), r.body...)
	}
	r.body = r.body[:have+n]
	_, err := io.ReadFull(r.in, r.body[have:])
	return err
}

func (r *reader) chunks() error {
	for {
		line, err := r.line()
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 31)
		if err != nil {
			return fmt.Errorf("no chunk size in %.*q", excerptBytes, line)
		}
		if n > 0 {
			err = r.take(int(n))
		}
		if err != nil {
			return err
		}
		end, err := r.line() // of the chunk; of the trailers after the last
		if err != nil {
			return err
		}
		if len(end) > 0 {
			return errors.New("no end of a chunk")
		}
		if n == 0 {
			return nil
		}
	}
}
