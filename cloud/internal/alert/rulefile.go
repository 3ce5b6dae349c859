package alert

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
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
	last string // size and time of the file as it was read
	log  *slog.Logger
}

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

func (f *RuleFile) version() string {
	info, err := os.Stat(f.file)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// RulesFor gives the rules of the file as it was read last.
func (f *RuleFile) RulesFor(id wire.Identity) Ruler { return f.book.Load().RulesFor(id) }

// Reload reads the file if it has changed, and reports whether new rules are in force.
func (f *RuleFile) Reload() (bool, error) {
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
