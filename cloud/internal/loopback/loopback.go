// Package loopback finds addresses for servers that tests start as other programs.
package loopback

import (
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
)

// Addr gives a free host:port of this process's own loopback address. A port that is free now may be
// taken by the time the server listens; with an address for each process only the process itself could
// take it, so two packages that test at once never speak to each other's servers. No address is given twice,
// though the kernel may offer a port again once it is closed.
func Addr(t testing.TB) string {
	t.Helper()
	for {
		addr := free(t)
		if _, given := gave.LoadOrStore(addr, true); !given {
			return addr
		}
	}
}

// gave holds the addresses that Addr has given.
var gave sync.Map

func free(t testing.TB) string {
	t.Helper()
	pid := os.Getpid()
	host := fmt.Sprintf("127.%d.%d.%d", 1+pid>>14&0x7f, 1+pid>>7&0x7f, 1+pid&0x7f)
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
