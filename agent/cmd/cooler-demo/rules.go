package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// rules suit a day that passes in a minute: a fogged lens is reported at once instead of after five minutes.
const rules = `version: 1
rules:
- types: [camera_fogged, camera_blocked]
  hold: 1s
`

// cloudConfig writes the configuration of the demo's cloud and returns its path.
func cloudConfig(dir string) (string, error) {
	config, book := filepath.Join(dir, "cloud.yml"), filepath.Join(dir, "rules.yml")
	return config, errors.Join(
		os.WriteFile(book, []byte(rules), 0o644),
		os.WriteFile(config, fmt.Appendf(nil, "alerts:\n  rules: %q\n", book), 0o644),
	)
}
