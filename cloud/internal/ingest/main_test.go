package ingest_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain keeps the property test to some ten seconds: each of its checks writes through fsync.
// -rapid.checks on the command line still wins.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
