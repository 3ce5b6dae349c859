package cloud_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// bareRoot is what a Containerfile from scratch makes: a root, and what is run in it as whom.
type bareRoot struct {
	root, user string
	owner      map[string]string // of what is copied with --chown
	entrypoint []string
}

// buildImage does what the Containerfile says, with the files of context. It knows the few instructions that ours has.
func buildImage(t *testing.T, file, context string) bareRoot {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	im := bareRoot{root: t.TempDir(), owner: map[string]string{}}
	for line := range strings.Lines(string(data)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		args := strings.Fields(rest)
		switch word {
		case "", "#", "VOLUME", "EXPOSE", "STOPSIGNAL":
		case "FROM":
			if rest != "scratch" {
				t.Fatalf("the image begins with %s, which no test has", rest)
			}
		case "COPY":
			if chown, ok := strings.CutPrefix(args[0], "--chown="); ok {
				args = args[1:]
				im.owner[args[1]] = chown
			}
			if out, err := exec.Command("cp", "-r", filepath.Join(context, args[0]), filepath.Join(im.root, args[1])).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", line, err, out)
			}
		case "USER":
			im.user = rest
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(rest), &im.entrypoint); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		default:
			t.Fatalf("this test does not know %s", word)
		}
	}
	return im
}

// TestImage: the service lives in the image that the Containerfile makes, in which there is no file but it: no time
// zones, no roots of certificates, no /etc. compose.yml mounts what the image gives to the user that it names.
func TestImage(t *testing.T) {
	loopback.Need(t, "/usr/bin/unshare", "unshare", "apt-get install util-linux")
	context := t.TempDir()
	b := newBinary(t, nil)
	if err := os.Mkdir(filepath.Join(context, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(b.path, filepath.Join(context, "cooler-cloud")); err != nil {
		t.Fatal(err)
	}
	im := buildImage(t, deployment+"Containerfile", context)
	for _, dir := range []string{"/data", "/tmp"} {
		if im.user == "" || strings.HasPrefix(im.user, "0") || im.owner[dir] != im.user {
			t.Errorf("%s is of %q, the service runs as %q", dir, im.owner[dir], im.user)
		}
	}
	line := append([]string{"--user", "--map-root-user", "chroot", im.root}, im.entrypoint...)
	if out, err := exec.Command("unshare", append(slices.Clone(line), "doctor", "--data", "/data", "--listen", b.addr, "--mqtt-listen", b.mqtt)...).CombinedOutput(); err != nil {
		t.Fatalf("doctor in the image: %v\n%s", err, out)
	}
	b.Program = &loopback.Program{Name: "the image", Ready: b.ready, Command: func() *exec.Cmd {
		cmd := exec.Command("unshare", append(append(slices.Clone(line), "serve", "--data", "/data"), b.args...)...)
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"} // of what starts it; it needs none
		return cmd
	}}
	b.Run(t)
	if status, answer := ask(t, http.MethodPost, "http://"+b.addr+"/v1/sales/masters", "", map[string]any{"stores": []any{map[string]any{"store": "s1", "tz": "Asia/Shanghai"}}}); status != http.StatusOK {
		t.Errorf("a store in a zone: %d, %v", status, answer)
	}
	if _, err := os.Stat(filepath.Join(im.root, "data", "state.db")); err != nil {
		t.Errorf("the state is not in /data: %v", err)
	}
	deps, err := exec.Command("go", "list", "-deps", "./cmd/cooler-cloud").Output()
	if err != nil || !slices.Contains(strings.Fields(string(deps)), "golang.org/x/crypto/x509roots/fallback") {
		t.Errorf("webhooks over https trust nobody in the image: %v", err)
	}
}
