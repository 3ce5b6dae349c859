package cloud_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/bundle/bundletest"
)

// askCare asks everything about bundles and what is wished of boards; d1 is a board that is there.
func askCare(t *testing.T, ask func(method, pattern string, vars map[string]string, query, body string, want int) []byte) {
	m, device := bundletest.New(t), map[string]string{"device": "d1"}
	read := func(path string) string {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	one := read(m.Make(bundle.Gallery, "1", "", []byte("one")))
	ask("GET", "/v1/bundles", nil, "", "", 200)
	ask("GET", "/v1/bundles/root", nil, "", "", 404)
	ask("POST", "/v1/bundles", nil, "", one, 409)
	ask("PUT", "/v1/bundles/root", nil, "", `{}`, 400)
	ask("PUT", "/v1/bundles/root", nil, "", string(m.Root()), 200)
	ask("PUT", "/v1/bundles/root", nil, "", string(bundletest.New(t).Root()), 409)
	ask("GET", "/v1/bundles/root", nil, "", "", 200)
	ask("POST", "/v1/bundles", nil, "", one[:len(one)/2], 400)
	ask("POST", "/v1/bundles", nil, "", one, 201)
	ask("POST", "/v1/bundles", nil, "", one, 200)
	ask("POST", "/v1/bundles", nil, "", read(m.Make(bundle.Gallery, "0", "", []byte("nought"))), 409)
	ask("POST", "/v1/bundles", nil, "", read(m.Make(bundle.Model, "2", "", []byte("{}"))), 201)

	ask("PUT", "/v1/desired", nil, "", `{"planogram":"assigned","schedule":{"every_s":300,"hours":"07:00-22:00"}}`, 200)
	ask("PUT", "/v1/desired", nil, "", `{"planogramm":"assigned"}`, 400)
	ask("PUT", "/v1/desired/stores/{store}", map[string]string{"store": "s1"}, "", `{"thresholds":{"detector_permille":400}}`, 200)
	ask("PUT", "/v1/desired/stores/{store}", map[string]string{"store": "nowhere"}, "", `{"model":"2"}`, 404)
	ask("PUT", "/v1/desired/coolers/{device}", device, "", `{"gallery":"1","model":"2"}`, 200)
	ask("PUT", "/v1/desired/coolers/{device}", device, "", `{"gallery":"7"}`, 404)
	ask("PUT", "/v1/desired/coolers/{device}", device, "", `{"model":null}`, 200)
	ask("GET", "/v1/desired", nil, "", "", 200)
	for end := time.Now().Add(patience); !strings.Contains(string(ask("GET", "/v1/coolers/{device}/desired", device, "", "", 200)), `"pending"`); {
		if time.Now().After(end) {
			t.Fatal("what is wished of the board is not put together")
		}
	}
	ask("POST", "/v1/coolers/{device}/desired/attempts", device, "", "", 409) // it has refused nothing; TestDesiredState's has
	ask("GET", "/v1/fleet", nil, "", "", 200)

	order := `{"kind":"gallery","version":"1","devices":["d1"],"stages":["1","100%"],"soak_s":60}`
	ask("POST", "/v1/rollouts", nil, "", `{"kind":"gallery","version":"1","stages":["none"]}`, 400)
	ask("POST", "/v1/rollouts", nil, "", `{"kind":"gallery","version":"3"}`, 404)
	var begun struct{ ID int64 }
	if err := json.Unmarshal(ask("POST", "/v1/rollouts", nil, "", order, 201), &begun); err != nil {
		t.Fatal(err)
	}
	id := map[string]string{"id": fmt.Sprint(begun.ID)}
	ask("POST", "/v1/rollouts", nil, "", order, 409)
	ask("GET", "/v1/rollouts", nil, "?limit=5", "", 200)
	ask("GET", "/v1/rollouts/{id}", id, "", "", 200)
	ask("POST", "/v1/rollouts/{id}/pause", id, "", "", 200)
	ask("POST", "/v1/rollouts/{id}/resume", id, "", "", 200)
	ask("POST", "/v1/rollouts/{id}/cancel", id, "", "", 200)
	ask("POST", "/v1/rollouts/{id}/cancel", id, "", "", 409)
	ask("GET", "/v1/rollouts/{id}", map[string]string{"id": "99"}, "", "", 404)

	var list struct {
		Bundles []struct{ SHA256, Kind string }
	}
	if err := json.Unmarshal(ask("GET", "/v1/bundles", nil, "", "", 200), &list); err != nil || len(list.Bundles) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, b := range list.Bundles {
		want := map[string]int{bundle.Gallery: 409, bundle.Model: 200}[b.Kind]
		ask("DELETE", "/v1/bundles/{sha256}", map[string]string{"sha256": b.SHA256}, "", "", want)
	}
}
