package deliver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// ErrPrivate says that an address of a webhook is in a private network.
var ErrPrivate = errors.New("the address is of a private network")

// closed lists non-public ranges that netip.Addr's own predicates do not cover: shared address space of
// carriers, IETF protocol assignments, benchmarking, reserved space, and IPv6 forms that contain an IPv4
// address.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

// Public reports whether an address can be reached over the internet.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// NewClient returns an HTTP client for webhooks. The address is checked when the connection is made, after the
// name was resolved, so that a name that changes its address (DNS rebinding) gains nothing.
func NewClient(allowPrivate bool, timeout time.Duration) *http.Client {
	return newClient(allowPrivate, timeout, nil)
}

// newClient is NewClient with a resolver of its own; nil: the system's.
func newClient(allowPrivate bool, timeout time.Duration, resolver *net.Resolver) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Resolver: resolver}
	if !allowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !Public(to.Addr()) {
				return fmt.Errorf("%w: %s", ErrPrivate, to.Addr())
			}
			return nil
		}
	}
	return &http.Client{
		Timeout: timeout,
		Transport: unmoved{&http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: timeout,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Reach returns ErrPrivate for a URL that leads only into a private network, so that whoever creates a webhook
// learns of it at once. A name that cannot be resolved now passes, because NewClient checks each connection
// anyway.
func Reach(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil || len(found) == 0 || slices.ContainsFunc(found, Public) {
		return nil
	}
	return fmt.Errorf("%s: %w: %s", u.Host, ErrPrivate, found[0].Unmap())
}
