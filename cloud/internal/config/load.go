package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/coldshelf/coldshelf/cloud/internal/yamlfile"
)

// MaxBytes bounds a configuration file.
const MaxBytes = 1 << 20

// Read reads a file over the defaults. Relative paths in it are resolved against its folder. The result is not
// validated yet, because flags may still change it.
func Read(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("read configuration: %s is larger than %d bytes", path, MaxBytes)
	}
	c, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cutNote(data, err))
	}
	c.resolve(filepath.Dir(path))
	return c, nil
}

// cutNote adds to the error about a file that ends within a line that the file may be incomplete.
func cutNote(data []byte, err error) error {
	if at := yamlfile.Cut(data); at > 0 {
		return fmt.Errorf("%w\nthe file ends within line %d: is it whole?", err, at)
	}
	return err
}

// Decode reads YAML strictly over the defaults.
func Decode(data []byte) (*Config, error) {
	c := Defaults()
	if err := yamlfile.Decode(data, &c, "rate"); err != nil {
		return nil, errors.New(explain(err))
	}
	return &c, nil
}

// meant maps keys that people write by mistake to the right ones.
var meant = map[string]string{"data": "data_dir", "datadir": "data_dir", "rules": "alerts.rules", "broker": "mqtt.broker", "mqtt_listen": "mqtt.listen",
	"private_webhooks": "alerts.private_webhooks", "log_level": "log.level"}

// explain adds the place of a fault, and what was probably meant.
func explain(err error) string {
	first, picture, _ := strings.Cut(strings.TrimRight(yaml.FormatError(err, false, true), "\n"), "\n")
	var unknown *yaml.UnknownFieldError
	var wrong *yaml.TypeError
	switch {
	case errors.As(err, &unknown):
		_, rest, _ := strings.Cut(first, `"`)
		key, _, _ := strings.Cut(rest, `"`)
		if m := meant[key]; m != "" && unknown.GetToken().Position.Column == 1 {
			first += ", did you mean " + m + "?"
		}
	case errors.As(err, &wrong) && strings.HasSuffix(first, "time.Duration"):
		at := wrong.GetToken()
		first = fmt.Sprintf("[%d:%d] %s has no unit, want a duration such as %ss for seconds or %sm for minutes", at.Position.Line, at.Position.Column, at.Value, at.Value, at.Value)
	}
	if line := marked(picture); line != "" {
		return first + "\n" + line
	}
	return first
}

// maxMarked bounds the line that an error shows, in characters.
const maxMarked = 200

// marked returns, from the library's excerpt of the file, only the line with the fault and the arrow below it.
// The excerpt also contains the lines around it, and for a text that is not YAML all of them, including
// passwords.
func marked(picture string) string {
	lines := strings.Split(picture, "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, ">") })
	if at < 0 {
		return ""
	}
	line := []rune(lines[at])
	if len(line) > maxMarked {
		line = append(line[:maxMarked], '…')
	}
	for _, arrow := range lines[at+1:] {
		if strings.TrimSpace(arrow) == "^" && len(arrow) <= maxMarked {
			return string(line) + "\n" + arrow
		}
	}
	return string(line)
}

func (c *Config) resolve(dir string) {
	paths := []*string{&c.DataDir, &c.Planograms, &c.MQTT.PasswordFile, &c.MQTT.CA, &c.MQTT.Cert, &c.MQTT.Key, &c.Alerts.SMTP.PasswordFile}
	for i := range c.Sales.Drop {
		paths = append(paths, &c.Sales.Drop[i].Dir, &c.Sales.Drop[i].Mapping)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}
