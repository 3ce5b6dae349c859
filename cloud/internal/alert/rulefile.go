package alert

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
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

// RuleFile is a RuleSource that follows a file. A change takes effect with the next message. A faulty one is
// logged, and the rules stay as they were.
type RuleFile struct {
	file string
	book atomic.Pointer[Rulebook]
	log  *slog.Logger

	mu   sync.Mutex // guards what follows
	last string     // size and modification time of the file as it was read
}

// OpenRuleFile reads the file for the first time. A fault in it is an error.
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

// MakeRuleFile is OpenRuleFile for a file that need not exist: the defaults are in force until somebody writes
// it.
func MakeRuleFile(file string, log *slog.Logger) (*RuleFile, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		f := &RuleFile{file: file, log: log}
		f.book.Store(&Rulebook{Version: 1})
		return f, nil
	}
	return OpenRuleFile(file, log)
}

// Text returns the file as it is now, or nil if there is none.
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

func (f *RuleFile) version() string {
	info, err := os.Stat(f.file)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// RulesFor returns the rules of the file as it was last read.
func (f *RuleFile) RulesFor(p Place) Ruler { return f.Book().RulesFor(p) }

// Book returns the rules in force.
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

// follow is Reload, with the outcome in the log.
func (f *RuleFile) follow() {
	switch changed, err := f.Reload(); {
	case err != nil:
		f.log.Error("the rules were changed and are faulty, the last good ones stay in force", "err", err)
	case changed:
		f.log.Info("new rules are in force", "file", f.file)
	}
}
