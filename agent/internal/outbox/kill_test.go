package outbox_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// A test binary started with this variable is a process that appends to the outbox of the folder it names
// and tells each key on its standard output once the append has returned, until it is killed.
const writerVariable = "COLDSHELF_TEST_OUTBOX_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVariable); dir != "" {
		if err := appendUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func appendUntilKilled(dir string) error {
	o, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: encodeGap})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		class := outbox.Class(i % 5)
		k, err := o.Append(context.Background(), class, "kind", func(k outbox.Key) ([]byte, error) {
			return []byte(k.String() + strings.Repeat("x", 37*i%5000)), nil
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Println(k); err != nil {
			return err
		}
	}
}

// TestKilledProcessesLoseNothing kills a real process again and again while it appends, and finds every
// message that it told of.
func TestKilledProcessesLoseNothing(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	told := map[string]bool{}
	for range 20 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), writerVariable+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1 + rng.IntN(40); n > 0 && lines.Scan(); n-- {
			told[lines.Text()] = true
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it told before the kill came
			told[lines.Text()] = true
		}
		cmd.Wait()
	}
	if len(told) < 100 {
		t.Fatalf("the processes told of %d messages only", len(told))
	}
	o := open(t, dir, 0)
	there := map[string]bool{}
	for _, p := range pending(t, o) {
		there[strings.TrimRight(p, "x")] = true
	}
	lost := 0
	for k := range told {
		if !there[k] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d messages are lost", lost, len(told))
	}
	if h := o.Health(); h.SetAside != "" {
		t.Errorf("database was set aside as %s", filepath.Base(h.SetAside))
	}
	t.Logf("%d messages over 20 killed processes", len(told))
}
