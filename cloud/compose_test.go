package cloud_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

const deployment = "../firmware-config/cloud/"

// TestCompose: the compose file is read by Compose's own loader; what it tells the service to do, the service
// knows; ports, secrets and files fit together; and its script makes of a real PostgreSQL one that keeps tenants
// apart. The images themselves are not started.
func TestCompose(t *testing.T) {
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{WorkingDir: mustAbs(t, deployment), Environment: types.Mapping{},
		ConfigFiles: []types.ConfigFile{{Filename: deployment + "compose.yml"}}}, func(o *loader.Options) { o.SetProjectName("coldshelf", true) })
	if err != nil {
		t.Fatal(err)
	}
	cloud, err := project.GetService("cloud")
	if err != nil {
		t.Fatal(err)
	}

	// The command line, by the program's own word.
	b := newBinary(t, nil)
	help, err := exec.Command(b.path, cloud.Command[0], "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, help)
	}
	told := map[string]string{}
	for i := 1; i < len(cloud.Command); i += 2 {
		if !strings.Contains(string(help), cloud.Command[i]+" ") {
			t.Errorf("cooler-cloud %s knows no %s", cloud.Command[0], cloud.Command[i])
		}
		told[cloud.Command[i]] = cloud.Command[i+1]
	}

	// The configuration that lies beside it, and what it has the service listen on.
	c, err := config.Read(deployment + "cloud.yml")
	if err != nil {
		t.Fatal(err)
	}
	c.DataDir, c.State, c.Series = told["--data"], told["--state"], told["--series"]
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	mounted := map[string]string{}
	for _, v := range cloud.Volumes {
		mounted[v.Target] = v.Source
	}
	if mounted[told["--config"]] != mustAbs(t, deployment+"cloud.yml") || mounted[told["--data"]] == "" {
		t.Errorf("%s and %s are not both mounted: %v", told["--config"], told["--data"], mounted)
	}
	var published []string
	for _, p := range cloud.Ports {
		published = append(published, net.JoinHostPort("0.0.0.0", p.Published))
	}
	if want := []string{c.Listen, c.MQTT.TLSListen}; !slices.Equal(published, want) {
		t.Errorf("published are %v, the service listens on %v", published, want)
	}

	// The databases: services of the file, with secrets that are handed to the service.
	for flag, file := range map[string]string{"--state": "passfile", "--series": "token_file"} {
		u, err := url.Parse(told[flag])
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := cloud.DependsOn[u.Hostname()]; !ok {
			t.Errorf("%s: %s is no service that is started before", flag, u.Hostname())
		}
		secret := strings.TrimPrefix(u.Query().Get(file), "/run/secrets/")
		if !slices.ContainsFunc(cloud.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == secret }) {
			t.Errorf("%s: the secret %q is not handed over", flag, secret)
		}
	}

	// What makes the role, on a real server.
	secrets := filepath.Join(t.TempDir(), "pgpass")
	if err := os.WriteFile(secrets, []byte("postgres:5432:coldshelf:coldshelf:it's secret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(secrets); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { // the server's user reads it
			t.Fatal(err)
		}
	}
	script := strings.ReplaceAll(project.Configs["role"].Content, "/run/secrets/pgpass", secrets)
	ctx := context.Background()
	db, err := state.Open(ctx, statetest.Postgres(t).Script(t, script, "coldshelf", "coldshelf"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := state.Migrate(ctx, db, state.Tables); err != nil {
		t.Fatal(err)
	}
	if isolated, err := db.Isolated(ctx); err != nil || !isolated {
		t.Errorf("tenants are kept apart: %v, %v", isolated, err)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// TestUnit: systemd understands the unit, and its program is told what it knows.
func TestUnit(t *testing.T) {
	loopback.Need(t, "/usr/bin/systemd-analyze", "systemd-analyze", "apt-get install systemd")
	unit, err := os.ReadFile(deployment + "cooler-cloud.service")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for file, data := range map[string][]byte{"etc/systemd/system/cooler-cloud.service": unit, "usr/local/bin/cooler-cloud": []byte("#!/bin/sh\n")} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(root, "usr/local/bin/cooler-cloud"), 0o755); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--root="+root, "cooler-cloud.service").CombinedOutput()
	if strings.Contains(string(said), "cooler-cloud.service") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, said)
	}
	if out, err := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", "--root="+root, "cooler-cloud.service").CombinedOutput(); err != nil {
		t.Errorf("the unit is open: %v\n%s", err, out)
	}
	if !strings.Contains(string(unit), "\nExecStart=/usr/local/bin/cooler-cloud serve --config /etc/coldshelf/cloud.yml\n") {
		t.Error("the unit starts something else than serve with the configuration that lies beside it")
	}
}
