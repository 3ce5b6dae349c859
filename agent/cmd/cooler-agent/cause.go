package main

import (
	"crypto/x509"
	"errors"
	"net/url"
	"os"
	"strings"

	"github.com/coldshelf/coldshelf/vision/opencv"
)

// brokerHint says what whoever installs a board can do about a broker that refuses the connection.
func brokerHint(err error, broker string) string {
	const meanwhile = "; the agent goes on without and tries again"
	address, said := broker, err.Error()
	if u, bad := url.Parse(broker); bad == nil {
		address = u.Host
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(said, w) {
				return true
			}
		}
		return false
	}
	tls := strings.HasPrefix(broker, "ssl:") || strings.HasPrefix(broker, "wss:")
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case has("no such host", "server misbehaving"):
		return "nobody knows that name: check its spelling in uplink.broker, the cable and the board's DNS (`getent hosts " + hostOf(address) + "`)" + meanwhile
	case has("connection refused"):
		return "the machine is there, nothing listens at " + address + ": start the broker, check the port (1883 plain, 8883 TLS), open the firewall" + meanwhile
	case has("network is unreachable", "no route to host"):
		return "the board has no way there: check its cable or Wi-Fi and its address (`ip route`)" + meanwhile
	case errors.As(err, &unknown) || has("unknown authority"):
		return "the broker's certificate is of an authority that this board does not know: name its PEM file in uplink.ca" + meanwhile
	case errors.As(err, &name) || has("IP SANs", "certificate is valid for"):
		return "the broker's certificate is for another name than uplink.broker says: use the name in the certificate, or have it made for this one" + meanwhile
	case has("certificate has expired or is not yet valid"):
		return "check this board's clock first (`timedatectl`), then the broker's certificate" + meanwhile
	case has("tls: first record does not look like"), tls && has("connection reset", "EOF"):
		return "the broker may not speak TLS at that port: say tcp:// or the TLS port, most often 8883; if it wants a client certificate, name uplink.cert and uplink.key" + meanwhile
	case !tls && has("connection reset", "EOF"):
		return "the broker hangs up: it may want TLS at that port, ssl:// in uplink.broker" + meanwhile
	case !tls && has("ot Authorized", "bad user name or password", "bad username or password"):
		return "over plain " + scheme(broker) + ":// the broker wants a user name and a password, uplink.username and uplink.password_file; " +
			"a board that is provisioned shows its certificate over TLS alone: say ssl://" + hostOf(address) + ":8883 in uplink.broker, the cloud's mqtt.tls_listen" + meanwhile
	case has("ot Authorized", "bad user name or password", "bad username or password"):
		return "the broker knows no such user: check uplink.username and uplink.password_file, or the client certificate" + meanwhile
	case has("the broker refuses it"):
		return "the broker's access list does not allow this board its topics: see firmware-config/broker/acl" + meanwhile
	case has("i/o timeout", "deadline exceeded"):
		return "nothing answers at " + address + ": check the address, and the firewalls on the way" + meanwhile
	}
	return "is it running, and is the board allowed its topics? The agent goes on without and tries again"
}

// scheme returns the scheme of an address, "tcp" if it has none.
func scheme(broker string) string {
	if s, _, ok := strings.Cut(broker, "://"); ok {
		return s
	}
	return "tcp"
}

func hostOf(address string) string {
	if i := strings.LastIndex(address, ":"); i > 0 {
		return address[:i]
	}
	return address
}

// cameraHint says what whoever installs a board can do about a camera that gives no picture.
func cameraHint(err error, source string) string {
	said := err.Error()
	switch {
	case strings.HasPrefix(source, "v4l2:") && (errors.Is(err, os.ErrNotExist) || strings.Contains(said, "no such file")):
		return "no camera is there: plug it in and look for it with `ls /dev/video*`; one on the ribbon cable needs its overlay, see firmware-config/boards"
	case strings.Contains(said, "permission denied"):
		return "the agent may not open it: its user must be in the group video, as the package sets it up"
	case strings.HasPrefix(source, "v4l2:"):
		return "is it free? A running agent keeps its camera (`systemctl stop cooler-agent`); a USB camera needs a port with enough power"
	case strings.Contains(said, "401") || strings.Contains(said, "nauthorized"):
		return "the camera wants a user and a password: rtsp://USER:PASSWORD@…"
	case strings.Contains(said, "404") || strings.Contains(said, "ot Found"):
		return "the camera is there, its stream has another path: look it up in the camera's manual"
	case strings.HasPrefix(source, "rtsp") || strings.HasPrefix(source, "http"):
		return "does the board reach the camera, and does it stream? Try its address and port from the board: `ffprobe " + opencv.Redacted(source) + "`"
	}
	return "check the file or folder that camera.source names: is it whole, and may the agent read it?"
}
