package main

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

// Under systemd (Type=notify) the program says when it is ready, that it is alive, and that it stops.
func TestTheServiceManagerIsTold(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	path := configure(t, smallest+"camera: {source: \"dir:frames\"}\n")
	if status, _, errs := call(t, "run", "--config", path, "--until-end"); status != exitDone {
		t.Fatalf("status %d: %s", status, errs)
	}
	var said []string
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 100); len(said) == 0 || said[len(said)-1] != "STOPPING=1"; {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("after %q: %v", said, err)
		}
		said = append(said, string(buf[:n]))
	}
	if said[0] != "READY=1" || len(said) < 3 || said[1] != "WATCHDOG=1" {
		t.Errorf("the service manager was told %q", said)
	}
}
