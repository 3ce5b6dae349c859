package cloud_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// binary is cooler-cloud as people run it.
type binary struct {
	*loopback.Program
	path, addr, mqtt string
	args             []string
}

// newBinary builds it; Run or Start starts it. wrap is put before its command line.
func newBinary(t *testing.T, wrap []string, args ...string) *binary {
	t.Helper()
	b := &binary{path: filepath.Join(t.TempDir(), "cooler-cloud"), addr: loopback.Addr(t), mqtt: loopback.Addr(t)}
	build := exec.Command("go", "build", "-o", b.path, "./cmd/cooler-cloud")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cooler-cloud: %v\n%s", err, out)
	}
	b.args = append([]string{"--listen", b.addr, "--mqtt-listen", b.mqtt, "--tenant", "t", "--access", "open"}, args...)
	line := append(append(append([]string{}, wrap...), b.path, "serve"), b.args...)
	b.Program = &loopback.Program{Name: "cooler-cloud", Command: func() *exec.Cmd { return exec.Command(line[0], line[1:]...) }, Ready: b.ready}
	return b
}

func (b *binary) ready() error {
	resp, err := http.Get("http://" + b.addr + "/readyz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("readyz: %s", resp.Status)
	}
	return nil
}

func (b *binary) metric(t *testing.T, name string) float64 {
	t.Helper()
	return metric(t, b.addr, name)
}

// metric reads one from /metrics, as it is written there: name{label="value"}; 0 where it is not.
func metric(t *testing.T, addr, name string) float64 {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			v, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	return 0
}

// until waits for something that the service does by itself.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// memory gives the most memory that the process ever had, in bytes.
func (b *binary) memory(t *testing.T) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "VmHWM:")
	var kb int64
	if _, err := fmt.Sscan(rest, &kb); !ok || err != nil {
		t.Fatalf("no VmHWM in %s", data)
	}
	return kb << 10
}

// quarantined runs `cooler-cloud quarantine list` and counts by reason.
func (b *binary) quarantined(t *testing.T) map[string]int {
	t.Helper()
	out, err := exec.Command(b.path, append([]string{"quarantine", "list", "--json", "--limit", "1000"}, b.args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	var rows []struct{ Reason string }
	if err := dec.Decode(&rows); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, r := range rows {
		counts[r.Reason]++
	}
	return counts
}
