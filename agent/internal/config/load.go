package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// MaxBytes bounds a configuration file.
const MaxBytes = 1 << 20

// Load reads a file, adds the defaults, and validates it. Relative paths in it are resolved against its folder.
func Load(path string) (*Config, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.resolve(filepath.Dir(path))
	return c, nil
}

// Decode is Load for bytes. Relative paths are left as they are.
func Decode(data []byte) (*Config, error) {
	c := Defaults()
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return nil, explain(data, err)
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &c, nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, MaxBytes)
	}
	return data, nil
}

// resolve makes the paths independent of the folder in which the program was started.
func (c *Config) resolve(dir string) {
	for _, p := range []*string{
		&c.DataDir, &c.Planogram, &c.Camera.Lens, &c.Vision.Weights, &c.Vision.Gallery, &c.Vision.GalleryKey, &c.Vision.Mount,
		&c.Uplink.PasswordFile, &c.Uplink.CA, &c.Uplink.Cert, &c.Uplink.Key, &c.Updates.Root, &c.Cloud.CA,
	} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	sources := []*string{&c.Camera.Source}
	if c.Devices.Footfall != nil {
		sources = append(sources, &c.Devices.Footfall.Source)
	}
	for _, source := range sources {
		if scheme, path, ok := strings.Cut(*source, ":"); ok && (scheme == "dir" || scheme == "file") && !filepath.IsAbs(path) {
			*source = scheme + ":" + filepath.Join(dir, path)
		}
	}
}
