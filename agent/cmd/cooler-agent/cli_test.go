package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// A test binary that is started with this variable is the program.
const programVariable = "COLDSHELF_TEST_COOLER_AGENT"

// The program starts itself for its children (the capture worker, the trial of a model); in a test that
// is this test binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == captureWorkerName || os.Args[1] == probeName) || os.Getenv(programVariable) != "" {
		os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// call runs one command line.
func call(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = execute(t.Context(), args, &o, &e)
	return status, o.String(), e.String()
}

func TestWrongUsageIsStatus2(t *testing.T) {
	for name, args := range map[string][]string{
		"no such command":  {"dance"},
		"no such flag":     {"version", "--loud"},
		"flag is missing":  {"run"},
		"too many words":   {"version", "now"},
		"picture missing":  {"detect"},
		"flag of no value": {"run", "--config"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := call(t, args...)
			if status != exitUsage || out != "" || !strings.HasPrefix(errs, "error: ") || !strings.Contains(errs, "\nhint: ") {
				t.Errorf("status %d\nstdout %q\nstderr %q", status, out, errs)
			}
		})
	}
}

func TestHelpTeaches(t *testing.T) {
	for _, args := range [][]string{{}, {"run", "--help"}, {"doctor", "--help"}, {"detect", "--help"}, {"enroll", "--help"}, {"gallery", "--help"}, {"gallery", "sign", "--help"}, {"calibrate", "--help"}} {
		status, out, errs := call(t, args...)
		if status != exitDone || errs != "" || !strings.Contains(out, "Examples:") {
			t.Errorf("%v: status %d, stderr %q, stdout %q", args, status, errs, out)
		}
	}
}

func TestVersionJSON(t *testing.T) {
	status, out, errs := call(t, "version", "--json")
	var v versionReport
	if err := json.Unmarshal([]byte(out), &v); status != exitDone || err != nil || v.Version == "" || v.Wire != 1 || errs != "" {
		t.Errorf("status %d, %v, %q, %q", status, err, out, errs)
	}
}

func TestVersionFlag(t *testing.T) {
	if status, out, errs := call(t, "--version"); status != exitDone || out != "cooler-agent "+version+"\n" || errs != "" {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
}

// configure writes a configuration beside a folder with one picture, and gives its path.
func configure(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	frames := filepath.Join(dir, "frames")
	if err := os.Mkdir(frames, 0o700); err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 320, 240))
	for i := range img.Pix {
		img.Pix[i] = uint8(100 + (i*7919)%80)
	}
	data, err := picture.PNG(img)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(frames, "1.png"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "agent.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const smallest = "tenant: acme\nstore: s1\ndevice: cooler-1\nclock: trusted\nschedule: {every: 1s}\n"

func examined(t *testing.T, path string) (int, map[string]finding) {
	t.Helper()
	status, out, errs := call(t, "doctor", "--json", "--config", path)
	var e examination
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatalf("doctor printed no JSON: %v\n%s\n%s", err, out, errs)
	}
	if e.OK != (status == exitDone) {
		t.Errorf("ok is %t, status is %d", e.OK, status)
	}
	checks := map[string]finding{}
	for _, c := range e.Checks {
		checks[c.Check] = c
	}
	return status, checks
}

func TestDoctorOfABoardThatIsReady(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	path := configure(t, smallest+`camera: {source: "dir:frames"}`+"\nuplink: {broker: \""+broker.URL()+"\"}\n")
	status, checks := examined(t, path)
	if status != exitDone {
		t.Errorf("status %d: %v", status, checks)
	}
	for _, name := range []string{"config", "networks", "camera", "data", "outbox", "clock", "broker"} {
		if checks[name].Verdict != good {
			t.Errorf("%s: %+v", name, checks[name])
		}
	}
	for _, name := range []string{"gallery", "planogram"} {
		if checks[name].Verdict != poor || checks[name].Hint == "" {
			t.Errorf("%s is missing, doctor says: %+v", name, checks[name])
		}
	}
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ config, check, says string }{
		"configuration":  {smallest + "camera: {sauce: dir}\n", "config", "sauce"},
		"no broker":      {smallest + "camera: {source: \"dir:frames\"}\nuplink: {broker: \"tcp://127.0.0.1:1\"}\n", "broker", "refused"},
		"no pictures":    {smallest + "camera: {source: \"dir:nowhere\"}\n", "camera", "nowhere"},
		"no planogram":   {smallest + "camera: {source: \"dir:frames\"}\nplanogram: nowhere.yml\n", "planogram", "nowhere.yml"},
		"bad planogram":  {smallest + "camera: {source: \"dir:frames\"}\nplanogram: agent.yml\n", "planogram", "unknown field"},
		"no gallery":     {smallest + "camera: {source: \"dir:frames\"}\nvision: {gallery: nowhere.zip}\n", "networks", "nowhere.zip"},
		"no certificate": {smallest + "camera: {source: \"dir:frames\"}\nuplink: {broker: \"ssl://127.0.0.1:1\", ca: nowhere.pem}\n", "broker", "nowhere.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			status, checks := examined(t, configure(t, c.config))
			f := checks[c.check]
			if status != exitFailed || f.Verdict != bad || !strings.Contains(f.Detail, c.says) || f.Hint == "" {
				t.Errorf("status %d, %s: %+v", status, c.check, f)
			}
		})
	}
}

func TestDoctorFindsADamagedOutbox(t *testing.T) {
	path := configure(t, smallest+"camera: {source: \"dir:frames\"}\n")
	data := filepath.Join(filepath.Dir(path), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	torn := []byte(strings.Repeat("not a database ", 1000))
	if err := os.WriteFile(filepath.Join(data, "outbox.db"), torn, 0o600); err != nil {
		t.Fatal(err)
	}
	_, checks := examined(t, path)
	if f := checks["outbox"]; f.Verdict != poor || !strings.Contains(f.Hint, "set") {
		t.Errorf("outbox: %+v", f)
	}
	if after, err := os.ReadFile(filepath.Join(data, "outbox.db")); err != nil || !bytes.Equal(after, torn) {
		t.Errorf("doctor changed the outbox: %v", err)
	}
}

// A configuration that is wrong ends run at once; the outbox is not begun.
func TestRunRefusesAWrongConfiguration(t *testing.T) {
	for name, text := range map[string]string{
		"key":       smallest + "camera: {sauce: dir}\n",
		"camera":    smallest + "camera: {source: \"dir:nowhere\"}\n",
		"planogram": smallest + "camera: {source: \"dir:frames\"}\nplanogram: agent.yml\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := configure(t, text)
			status, _, errs := call(t, "run", "--config", path)
			if status != exitFailed || !strings.Contains(errs, "error: ") || !strings.Contains(errs, "hint: ") {
				t.Errorf("status %d, %q", status, errs)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "data", "outbox.db")); err == nil {
				t.Error("an outbox was begun")
			}
		})
	}
}

func TestRunOfflineKeepsWhatItSaw(t *testing.T) {
	path := configure(t, smallest+"camera: {source: \"dir:frames\"}\npicture: {send: always}\n")
	status, _, errs := call(t, "run", "--config", path, "--until-end")
	if status != exitDone {
		t.Fatalf("status %d, %s", status, errs)
	}
	_, checks := examined(t, path)
	var waiting int
	if _, err := fmt.Sscanf(checks["outbox"].Detail, "%d messages wait", &waiting); err != nil || waiting < 4 {
		t.Errorf("outbox: %+v, want at least a birth, an observation, a picture and telemetry", checks["outbox"])
	}
}
