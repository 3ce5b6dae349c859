package main

import (
	"errors"
	"strings"
	"testing"
)

// Each cause has words that lead to its remedy; the errors are those that paho, TLS and OpenCV give.
func TestHintsNameTheRemedy(t *testing.T) {
	for _, c := range []struct{ broker, said, hint string }{
		{"ssl://nowhere.invalid:8883", "dial tcp: lookup nowhere.invalid on 10.0.0.1:53: no such host", "`getent hosts nowhere.invalid`"},
		{"tcp://10.0.0.5:1883", "dial tcp 10.0.0.5:1883: connect: connection refused", "nothing listens at 10.0.0.5:1883"},
		{"tcp://10.0.0.5:1883", "dial tcp 10.0.0.5:1883: connect: network is unreachable", "`ip route`"},
		{"tcp://10.0.0.5:1883", "dial tcp 10.0.0.5:1883: i/o timeout", "firewalls"},
		{"tcp://b:1883", "not Authorized", "uplink.username"},
		{"tcp://b:1883", "connect to tcp://b:1883: not Authorized", "ssl://b:8883 in uplink.broker, the cloud's mqtt.tls_listen"},
		{"ssl://b:8883", "not Authorized", "or the client certificate"},
		{"ssl://b:8883", "tls: failed to verify certificate: x509: certificate signed by unknown authority", "uplink.ca"},
		{"ssl://b:8883", "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs", "another name"},
		{"ssl://b:8883", "x509: certificate has expired or is not yet valid: current time 1970-01-01", "`timedatectl`"},
		{"ssl://b:1883", "read tcp: read: connection reset by peer", "may not speak TLS"},
		{"tcp://b:8883", "EOF", "ssl:// in uplink.broker"},
		{"tcp://b:1883", "subscribe coldshelf/v1/a/b/c/down/+: the broker refuses it", "firmware-config/broker/acl"},
	} {
		if got := brokerHint(errors.New(c.said), c.broker); !strings.Contains(got, c.hint) || !strings.Contains(got, "the agent goes on") {
			t.Errorf("%s: %q has the hint %q, want %q in it", c.broker, c.said, got, c.hint)
		}
	}
	for _, c := range []struct{ source, said, hint string }{
		{"v4l2:/dev/video0", "open camera: stat /dev/video0: no such file or directory", "ls /dev/video*"},
		{"v4l2:/dev/video0", "open /dev/video0: permission denied", "group video"},
		{"v4l2:/dev/video0", "it cannot be opened", "A running agent keeps its camera"},
		{"rtsp://cam/x", "method DESCRIBE failed: 401", "USER:PASSWORD"},
		{"rtsp://cam/x", "method DESCRIBE failed: 404 Not Found", "another path"},
		{"rtsp://cam/x", "Connection refused", "`ffprobe rtsp://cam/x`"},
		{"rtsp://user:secret@cam/x", "Connection refused", "`ffprobe rtsp://user:xxxxx@cam/x`"},
		{"file:clip.mp4", "it cannot be opened", "camera.source"},
	} {
		if got := cameraHint(errors.New(c.said), c.source); !strings.Contains(got, c.hint) {
			t.Errorf("%s: %q has the hint %q, want %q in it", c.source, c.said, got, c.hint)
		}
	}
}
