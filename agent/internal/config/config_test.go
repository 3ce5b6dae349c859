package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/config"
)

// Every testdata/*.bad.yml breaks one rule; its "# want:" lines must all stand in the error.
func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".bad.yml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = config.Load(path)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("error does not name the file: %v", err)
			}
			wants := 0
			for line := range strings.Lines(string(data)) {
				if want, ok := strings.CutPrefix(strings.TrimSpace(line), "# want: "); ok {
					wants++
					if !strings.Contains(err.Error(), want) {
						t.Errorf("error does not say %q:\n%v", want, err)
					}
				}
			}
			if wants == 0 {
				t.Error("file has no # want: line")
			}
		})
	}
}

func TestTheSmallestConfigurationTakesTheDefaults(t *testing.T) {
	c, err := config.Load("testdata/small.yml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Camera.Stall != 10*time.Second || c.Camera.Step != 1 || c.Picture.MaxPx != 960 || c.Uplink.Window != 32 || c.Schedule.Settle != 3*time.Second {
		t.Errorf("defaults are lost: %+v", c)
	}
	if want := filepath.Join("testdata", "data"); c.DataDir != want {
		t.Errorf("data_dir: got %s, want %s", c.DataDir, want)
	}
	if want := "dir:" + filepath.Join("testdata", "frames"); c.Camera.Source != want {
		t.Errorf("camera.source: got %s, want %s", c.Camera.Source, want)
	}
}

func TestEveryKey(t *testing.T) {
	c, err := config.Load("testdata/full.yml")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan()
	if err != nil || plan.Every != 15*time.Minute || len(plan.At) != 2 || !plan.OnDoorClose || plan.Hours.From.String() != "07:00" || plan.Zone.String() != "Asia/Shanghai" {
		t.Errorf("plan: %+v, %v", plan, err)
	}
	if c.DataDir != "/var/lib/cooler-agent" || c.Uplink.CA != filepath.Join("testdata", "ca.pem") || c.Devices.Door.Pin != "GPIO17" || c.Devices.Light.Warmup != 300*time.Millisecond {
		t.Errorf("configuration: %+v", c)
	}
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yml")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := config.Decode(data); err == nil {
			if _, err := c.Plan(); err != nil {
				t.Errorf("accepted, but its plan is not: %v", err)
			}
		}
	})
}
