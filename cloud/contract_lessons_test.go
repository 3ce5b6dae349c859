package cloud_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"
)

// askLessons asks everything about what people teach; a lesson from a cooler's picture is TestLessonsOfThePageReachTheShelf's.
func askLessons(t *testing.T, ask func(method, pattern string, vars map[string]string, query, body string, want int) []byte) {
	var photo bytes.Buffer
	if err := png.Encode(&photo, image.NewGray(image.Rect(0, 0, 64, 96))); err != nil {
		t.Fatal(err)
	}
	ask("GET", "/v1/lessons", nil, "", "", 200)
	ask("POST", "/v1/lessons", nil, "", `{"gtin":"4006381333932","name":"Wrong","photos":1}`, 400)
	ask("POST", "/v1/lessons", nil, "", `{"gtin":"4006381333931","name":"","photos":1}`, 400)
	ask("POST", "/v1/lessons", nil, "", `{"gtin":"4006381333931","name":"Many","photos":13}`, 400)
	ask("POST", "/v1/lessons", nil, "", `{"gtin":"4006381333931","name":"Seen","seen":{"device":"nobody","boot":1,"seq":1,"width":9,"height":9,"facings":[[0,0,9,9]]}}`, 404)
	ask("POST", "/v1/lessons", nil, "", `{"gtin":"4006381333931","name":"Seen","seen":{"device":"d1","boot":9,"seq":9,"width":9,"height":9,"facings":[[0,0,9,9]]}}`, 409)
	var made struct{ ID int64 }
	if err := json.Unmarshal(ask("POST", "/v1/lessons", nil, "", `{"gtin":"04006381333931","name":"Lemon","photos":1}`, 201), &made); err != nil {
		t.Fatal(err)
	}
	id := map[string]string{"id": fmt.Sprint(made.ID)}
	first := map[string]string{"id": id["id"], "n": "1"}
	result := `{"added":5,"references":5,"faults":[],"alike":[{"gtin":"96385074","name":"Tonic","similarity":0.98}],"gallery":{"version":3,"signed_by":"k","products":2,"references":9,"embedder":"packs 1"},"bundle":"2026-11-30"}`
	ask("POST", "/v1/lessons/{id}/result", id, "", result, 409)
	ask("PUT", "/v1/lessons/{id}/photos/{n}", first, "", "no picture", 400)
	ask("PUT", "/v1/lessons/{id}/photos/{n}", first, "", photo.String()[:photo.Len()-20], 400)
	ask("PUT", "/v1/lessons/{id}/photos/{n}", first, "", strings.Repeat("x", 6<<20+1), 413)
	ask("PUT", "/v1/lessons/{id}/photos/{n}", map[string]string{"id": id["id"], "n": "2"}, "", photo.String(), 400)
	ask("PUT", "/v1/lessons/{id}/photos/{n}", map[string]string{"id": "99", "n": "1"}, "", photo.String(), 404)
	ask("GET", "/v1/lessons/{id}/photos/{n}", first, "", "", 404)
	ask("PUT", "/v1/lessons/{id}/photos/{n}", first, "", photo.String(), 200)
	if got := ask("GET", "/v1/lessons/{id}/photos/{n}", first, "", "", 200); !bytes.Equal(got, photo.Bytes()) {
		t.Errorf("the photo came back with %d bytes of %d", len(got), photo.Len())
	}
	ask("GET", "/v1/lessons", nil, "?status=waiting", "", 200)
	ask("GET", "/v1/lessons", nil, "?status=bored", "", 400)
	ask("POST", "/v1/lessons/{id}/result", id, "", strings.Replace(result, `"references":5`, `"references":4`, 1), 400)
	ask("POST", "/v1/lessons/{id}/result", id, "", result, 200)
	ask("PUT", "/v1/lessons/{id}/photos/{n}", first, "", photo.String(), 400)
	if got := string(ask("GET", "/v1/lessons/{id}", id, "", "", 200)); !strings.Contains(got, `"status":"taught"`) || !strings.Contains(got, `"gtin":"4006381333931"`) {
		t.Errorf("lesson: %s", got)
	}
	ask("DELETE", "/v1/lessons/{id}", id, "", "", 200)
	ask("DELETE", "/v1/lessons/{id}", id, "", "", 404)
	if list := string(ask("GET", "/v1/products", nil, "", "", 200)); !strings.Contains(list, `"4006381333931"`) {
		t.Errorf("the product is not known: %s", list)
	}
}
