package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// The configurations that firmware-config ships begin every cooler's life: they are valid once the two names
// are filled in.
func TestTheBoardsConfigurations(t *testing.T) {
	files, err := filepath.Glob("../../../firmware-config/boards/*/agent.yml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d boards, %v", len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), "CHANGE-ME"); n != 2 {
			t.Errorf("%s: %d names to change, want the cloud's and the broker's", path, n)
		}
		c, err := config.Decode(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if c.Camera.Source != "v4l2:/dev/coldshelf-camera" {
			t.Errorf("%s: camera is %s, the udev rule makes another name", path, c.Camera.Source)
		}
	}
}

// The example that the README points at is valid as it stands, planogram included.
func TestTheExample(t *testing.T) {
	const folder = "../../../firmware-config/examples/"
	c, err := config.Load(folder + "agent.yml")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(c.Planogram)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shelf.DecodePlanogram(data); err != nil {
		t.Error(err)
	}
}
