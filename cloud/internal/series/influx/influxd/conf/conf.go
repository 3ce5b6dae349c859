// Package conf writes the configuration of an InfluxDB 1.8 for tests and benchmarks: with Flux enabled, on one
// address, with everything in one folder, and silent except for errors. The service itself never starts an
// InfluxDB.
package conf

import (
	"fmt"
	"os"
	"path/filepath"
)

// Write writes influxd.conf into dir, for a server that keeps its data there and listens on addr (host:port), and returns
// the file's path.
func Write(dir, addr string) (file string, err error) {
	file = filepath.Join(dir, "influxd.conf")
	text := fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = %q
logging-enabled = false
[data]
dir = %q
wal-dir = %q
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = %q
flux-enabled = true
log-enabled = false
[logging]
level = "error"
suppress-logo = true
`, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), addr)
	return file, os.WriteFile(file, []byte(text), 0o600)
}
