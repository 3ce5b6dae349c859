package alert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// ReadRulebook reads and validates a file of rules.
func ReadRulebook(file string) (*Rulebook, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	b, err := DecodeRulebook(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return b, nil
}

// RuleFile is a RuleSource that follows a file: a change takes effect with the next message, and one
// that is faulty is said in the log and leaves what was.
type RuleFile struct {
	file string
	book atomic.Pointer[Rulebook]
	log  *slog.Logger

	mu   sync.Mutex // of what follows, and of the file among those who change it here
	last string     // size and time of the file as it was read
}

// ErrRulesChanged is Replace's answer to whoever wants to change what is not in force any more.
var ErrRulesChanged = errors.New("the rules were changed meanwhile")

// OpenRuleFile reads the file a first time; then a fault is an error.
func OpenRuleFile(file string, log *slog.Logger) (*RuleFile, error) {
	f := &RuleFile{file: file, log: log}
	f.last = f.version()
	b, err := ReadRulebook(file)
	if err != nil {
		return nil, err
	}
	f.book.Store(b)
	return f, nil
}

// MakeRuleFile is OpenRuleFile for a file that need not be there: the defaults are in force until
// somebody writes it.
func MakeRuleFile(file string, log *slog.Logger) (*RuleFile, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		f := &RuleFile{file: file, log: log}
		f.book.Store(&Rulebook{Version: 1})
		return f, nil
	}
	return OpenRuleFile(file, log)
}

// Text gives the file as it stands, nil where there is none.
func (f *RuleFile) Text() ([]byte, error) {
	data, err := os.ReadFile(f.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return data, nil
}

// Replace writes the file anew and puts its rules in force. It fails, and changes nothing, where the
// rules are faulty, or with ErrRulesChanged where the file is not was any more.
func (f *RuleFile) Replace(was, text []byte) error {
	b, err := DecodeRulebook(text)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	is, err := f.Text()
	if err != nil {
		return err
	}
	if !bytes.Equal(is, was) {
		return ErrRulesChanged
	}
	// Beside the file, so that the rename cannot cross a file system.
	next := f.file + ".new"
	if err := writeSynced(next, text); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	if err := os.Rename(next, f.file); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	f.last = f.version()
	f.book.Store(b)
	return nil
}

func writeSynced(file string, data []byte) error {
	w, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return errors.Join(err, w.Sync(), w.Close())
}

func (f *RuleFile) version() string {
	info, err := os.Stat(f.file)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// RulesFor gives the rules of the file as it was read last.
func (f *RuleFile) RulesFor(p Place) Ruler { return f.Book().RulesFor(p) }

// Book gives the rules in force.
func (f *RuleFile) Book() *Rulebook { return f.book.Load() }

// Reload reads the file if it has changed, and reports whether new rules are in force.
func (f *RuleFile) Reload() (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.version()
	if now == f.last {
		return false, nil
	}
	f.last = now
	b, err := ReadRulebook(f.file)
	if err != nil {
		return false, err
	}
	f.book.Store(b)
	return true, nil
}

// Run looks at the file every so often until ctx ends.
func (f *RuleFile) Run(ctx context.Context, every time.Duration) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		switch changed, err := f.Reload(); {
		case err != nil:
			f.log.Error("the rules were changed and are faulty, the last good ones stay in force", "err", err)
		case changed:
			f.log.Info("new rules are in force", "file", f.file)
		}
	}
}
