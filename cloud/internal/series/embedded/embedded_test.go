package embedded_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/series/seriestest"
)

func open(t testing.TB) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "series.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	seriestest.Run(t, func(t *testing.T) seriestest.Store { return open(t) })
}
