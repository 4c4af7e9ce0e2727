package daemon

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

func newLogger(cfg launch.General, out io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(out)
	log.SetLevel(level(cfg))
	log.SetFormatter(osloFormatter{pid: os.Getpid()})
	if cfg.UseJSON {
		log.SetFormatter(&logrus.JSONFormatter{TimestampFormat: "2006-01-02T15:04:05.000000Z07:00"})
	}
	return log
}

func level(cfg launch.General) logrus.Level {
	if cfg.Debug {
		return logrus.DebugLevel
	}
	return logrus.InfoLevel
}

// reload takes over what of the configuration can change while running.
func reload(log *logrus.Logger, role launch.Role, opts options, environ []string) error {
	cfg, err := Load(role, opts.Sources, environ)
	if err != nil {
		return err
	}
	log.SetLevel(level(cfg.General))
	log.WithField("level", log.GetLevel()).Info("SIGHUP: configuration read again")
	return nil
}

// osloFormatter writes lines as oslo.log does by default: time, process, level,
// service, request in brackets, message; then the other fields.
type osloFormatter struct{ pid int }

// Format implements logrus.Formatter.
func (f osloFormatter) Format(e *logrus.Entry) ([]byte, error) {
	b := e.Buffer
	if b == nil {
		b = new(bytes.Buffer)
	}
	fmt.Fprintf(b, "%s %d %s picasso [%s] %s", e.Time.Format("2006-01-02 15:04:05.000"), f.pid,
		strings.ToUpper(e.Level.String()), inBrackets(e.Data), oneLine(e.Message))
	names := make([]string, 0, len(e.Data))
	for name := range e.Data {
		if !slices.Contains(bracketed(), name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(b, " %s=%s", name, quoted(fmt.Sprint(e.Data[name])))
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// bracketed are the fields that oslo.log has a place for.
func bracketed() []string { return []string{"global_request_id", "request_id", "project_id"} }

func inBrackets(data logrus.Fields) string {
	var known []string
	for _, name := range bracketed() {
		if value, ok := data[name]; ok {
			known = append(known, oneLine(fmt.Sprint(value)))
		}
	}
	if len(known) == 0 {
		return "-"
	}
	return strings.Join(known, " ")
}

// quoted keeps what users and functions have written from looking like
// another field or another line.
func quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || r > '~' }) {
		return s
	}
	return fmt.Sprintf("%q", s)
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }

// logOutput is a log file that can be reopened after logrotate has moved it
// away, or standard error.
type logOutput struct {
	path string // "": file is not ours
	mu   sync.Mutex
	file io.Writer
}

func openLog(path string, stderr io.Writer) (*logOutput, error) {
	if path == "" {
		return &logOutput{file: stderr}, nil
	}
	out := &logOutput{path: path, file: io.Discard}
	return out, out.reopen()
}

// reopen keeps the file it has when the next cannot be opened.
func (o *logOutput) reopen() error {
	if o.path == "" {
		return nil
	}
	file, err := os.OpenFile(o.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("[DEFAULT] log_file: %w", err)
	}
	_ = o.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.file = file
	return nil
}

// Write implements io.Writer.
func (o *logOutput) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.file.Write(line)
}

// Close closes the log file, if there is one.
func (o *logOutput) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if file, ok := o.file.(*os.File); ok && o.path != "" {
		return file.Close()
	}
	return nil
}
