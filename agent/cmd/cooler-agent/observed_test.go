package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// clearest is the pack of a scene that is seen best.
func clearest(truth synth.Truth) synth.Annotation {
	var best synth.Annotation
	for _, a := range truth.Annotations {
		if a.Facing && !a.Truncated && a.VisibleFraction > best.VisibleFraction {
			best = a
		}
	}
	return best
}

func boxOf(a synth.Annotation) shelf.Box {
	return shelf.Box{X: a.Box[0], Y: a.Box[1], W: a.Box[2], H: a.Box[3]}
}

// freeAddress is one that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startCloud builds and starts the real cooler-cloud with its own broker; it gives both addresses.
func startCloud(t *testing.T) (site, broker string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "cooler-cloud")
	build := exec.Command("go", "build", "-o", program, "../../../cloud/cmd/cooler-cloud")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cooler-cloud: %v\n%s", err, out)
	}
	listen, mqtt := freeAddress(t), freeAddress(t)
	cloud := exec.Command(program, "serve", "--listen", listen, "--mqtt-listen", mqtt, "--data", filepath.Join(dir, "data"), "--tenant", "acme")
	cloud.Stdout, cloud.Stderr = t.Output(), t.Output()
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cloud.Wait(); err != nil {
			t.Errorf("cooler-cloud: %v", err)
		}
	})
	waitUntil(t, "the cloud to be ready", func() bool {
		resp, err := http.Get("http://" + listen + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + listen, "tcp://" + mqtt
}

// runToEnd has the agent look as often as its camera has pictures.
func runToEnd(t *testing.T, config string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "run", "--until-end", "--log", "warn", "--config", config)
	cmd.Env = append(os.Environ(), programVariable+"=1")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Run(); err != nil {
		t.Fatalf("cooler-agent run: %v", err)
	}
}

// An agent sees a product that nobody enrolled. Whoever looks at the cloud gives it its name from there,
// whoever stands at the board from the board; the agent's next look says it.
func TestAnUnknownFacingOfTheFieldGetsItsName(t *testing.T) {
	site, broker := startCloud(t)
	s := stock(t, synth.Clean)
	a := clearest(s.truth)
	config := configure(t, smallest+"camera: {source: 'dir:shelf'}\npicture: {send: always}\nuplink: {broker: '"+broker+"'}\n")
	dir := filepath.Dir(config)
	shot, err := os.ReadFile(s.picture)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "shelf", "1.jpg"), shot)
	runToEnd(t, config)
	cooler := site + "/v1/coolers/cooler-1"
	number := 0
	for i, f := range lastFacings(t, cooler) {
		if f.Box.IoU(boxOf(a)) > 0.5 {
			number = i + 1
		}
	}
	if number == 0 {
		t.Fatal("the pack was not seen")
	}
	for _, source := range []string{cooler, filepath.Join(dir, "data")} {
		t.Run(source, func(t *testing.T) {
			status, out, errs := call(t, "enroll", "--from-observation", source)
			if status != exitDone || !strings.Contains(out, fmt.Sprintf("\n  %d ", number)) || !strings.Contains(out, "unknown") {
				t.Fatalf("list: status %d\n%s%s", status, out, errs)
			}
			g := filepath.Join(t.TempDir(), "g.gallery")
			status, _, errs = call(t, "enroll", "--gallery", g, "--from-observation", source, "--facing", fmt.Sprint(number), "--gtin", string(a.SKU.GTIN), "--name", "Found")
			if status != exitDone {
				t.Fatal(errs)
			}
			text := strings.Replace(readText(t, config), "camera:", "vision: {gallery: "+g+"}\ncamera:", 1)
			again := filepath.Join(dir, "again.yml")
			write(t, again, []byte(text))
			runToEnd(t, again)
			named := false
			for _, f := range lastFacings(t, cooler) {
				named = named || f.Box.IoU(boxOf(a)) > 0.5 && f.GTIN == a.SKU.GTIN
			}
			if !named {
				t.Error("the agent does not name it")
			}
		})
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func lastFacings(t *testing.T, cooler string) []shelf.Facing {
	t.Helper()
	resp, err := http.Get(cooler)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Observation shelf.Observation }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Observation.Facings
}

// What detect prints is an observation as well.
func TestALineOfDetectIsAnObservation(t *testing.T) {
	s := stock(t, synth.Clean)
	dir := t.TempDir()
	file, g := filepath.Join(dir, "seen.json"), filepath.Join(dir, "g.gallery")
	status, out, errs := call(t, "detect", "--json", s.picture)
	if status != exitDone {
		t.Fatal(errs)
	}
	write(t, file, []byte(out))
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"listed", nil, exitDone, "without a name"},
		{"which of many", []string{"--gtin", lemon}, exitFailed, "have no name"},
		{"no such facing", []string{"--gtin", lemon, "--facing", "1000"}, exitFailed, "--facing 1000"},
		{"no product", []string{"--facing", "1"}, exitUsage, "--gtin is missing"},
		{"and photos", []string{"--gtin", lemon, "x.jpg"}, exitUsage, "goes without"},
		{"token for a file", []string{"--token-file", file}, exitFailed, "no URL"},
		{"two of them", []string{"--gtin", lemon, "--facing", "1,2"}, exitDone, "2 references added"},
	} {
		status, out, errs := call(t, append([]string{"enroll", "--gallery", g, "--from-observation", file}, c.args...)...)
		if status != c.status || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: status %d, want %d with %q\n%s%s", c.name, status, c.status, c.want, out, errs)
		}
	}
}

func TestObservationsThatCannotBeUsedAreNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p.jpg"), noise(t, 2)) // 60×120
	say := func(name, text string) string {
		path := filepath.Join(dir, name)
		write(t, path, []byte(text))
		return path
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.URL.Path == "/locked" && r.Header.Get("Authorization") != "Bearer sesame":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/away":
			http.Redirect(w, r, "/locked", http.StatusFound)
		case r.URL.Path == "/blank/picture":
			w.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/blank":
			fmt.Fprint(w, `{"observation":{"boot":1,"seq":2,"width":10,"height":10,"facings":[]}}`)
		default:
			fmt.Fprint(w, `{"observation":null}`)
		}
	}))
	defer server.Close()
	for name, c := range map[string]struct{ source, want string }{
		"no file":              {filepath.Join(dir, "none.json"), "no such file"},
		"no look kept":         {dir, "no look with an unknown facing"},
		"no JSON":              {say("noise.json", "hello"), "no observation"},
		"no picture named":     {say("bare.json", `{"facings":[]}`), "names no picture"},
		"picture gone":         {say("gone.json", `{"image":"gone.jpg","width":60,"height":120}`), "no such file"},
		"two lines":            {say("two.json", "{\"image\":\"p.jpg\"}\n{\"image\":\"p.jpg\"}\n"), "holds 2 looks"},
		"another shape":        {say("wide.json", `{"image":"p.jpg","width":120,"height":60,"facings":[]}`), "not that of the observation"},
		"no size":              {say("size.json", `{"image":"p.jpg","facings":[]}`), "how large"},
		"outside":              {say("out.json", `{"image":"p.jpg","width":60,"height":120,"facings":[{"box":[70,0,9,9]}]}`), "outside"},
		"cloud without a look": {server.URL + "/fresh", "told of no look"},
		"cloud wants a token":  {server.URL + "/locked", "401"},
		"cloud sends away":     {server.URL + "/away", "302"},
		"cloud has no picture": {server.URL + "/blank", "the picture of the last look"},
		"nobody answers":       {"http://" + freeAddress(t) + "/v1/coolers/c", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, errs := call(t, "enroll", "--from-observation", c.source)
			if status != exitFailed || !strings.Contains(errs, c.want) || !strings.HasPrefix(errs, "error: ") {
				t.Errorf("status %d, want %q in\n%s", status, c.want, errs)
			}
		})
	}
	token := say("token", "sesame\n")
	if _, _, errs := call(t, "enroll", "--token-file", token, "--from-observation", server.URL+"/locked"); !strings.Contains(errs, "told of no look") {
		t.Errorf("the token is not sent: %s", errs)
	}
	if asked == 0 {
		t.Error("nobody asked the server")
	}
}
