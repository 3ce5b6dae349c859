package mqttsub

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/models/wire"
)

// schemes are what a broker's URL may begin with, and the port that is meant where none is named; "" is a scheme that
// brings its own.
var schemes = map[string]string{"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ssl": "8883", "tls": "8883", "ws": "", "wss": ""}

// Address reads a broker's URL and adds the port that is meant.
func Address(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("broker URL: want mqtt://host:1883 or mqtts://host:8883")
	}
	port, known := schemes[u.Scheme]
	if !known {
		return nil, fmt.Errorf("broker URL: unknown scheme %q, want mqtt, mqtts, ws or wss", u.Scheme)
	}
	if u.Port() == "" && port != "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

// Secure reports whether a broker's URL asks for TLS.
func Secure(u *url.URL) bool {
	return slices.Contains([]string{"mqtts", "ssl", "tls", "wss"}, u.Scheme)
}

// Explain says in plain words why a broker did not let a client in, from the error that paho gave, and what can be done.
// In the hint «the CA file», «the client certificate» and «the user and password» stand for whatever flags or keys name them.
func Explain(err error, broker *url.URL) (why, hint string) {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var expired x509.CertificateInvalidError
	var plain tls.RecordHeaderError
	var alert *net.OpError
	said := err.Error()
	cut := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("nobody knows the name %s", dns.Name), "see how the broker's host is spelt, and that this machine's DNS knows it: getent hosts " + dns.Name
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s could not be looked up: %s", dns.Name, dns.Err), "see that this machine's DNS answers: getent hosts " + dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s (connection refused)", broker.Host), "see that the broker runs and that the port is its own: 1883 without TLS, 8883 with, most often"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fmt.Sprintf("there is no way to %s (%s)", broker.Host, reason(err)), "see that this machine has a network and the address is right"
	case errors.As(err, &unknown):
		return "its certificate is of an authority that is not known here", "name the authority's PEM file as the CA file; of cooler-cloud's own broker that is authority/ca.pem in its data folder"
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is for another name than %s (%s)", broker.Hostname(), name.Error()), "use a name that the certificate holds; of cooler-cloud's own broker these are mqtt.tls_names"
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return "its certificate has expired, or is not good yet", "see this machine's clock (date), then have the broker's certificate made anew"
	case errors.As(err, &plain):
		return "it speaks no TLS at that port", "say mqtt:// for a port without TLS, or give the port with TLS, 8883 most often"
	case strings.Contains(said, "tls: certificate required"), strings.Contains(said, remoteError+": tls: handshake failure"):
		return "it wants a client certificate", "give the client certificate and its key, of the authority that the broker trusts"
	case errors.As(err, &alert) && alert.Op == remoteError:
		return "it refuses our client certificate (" + strings.TrimPrefix(alert.Err.Error(), "tls: ") + ")", "give a client certificate of the authority that the broker trusts, one that is neither expired nor revoked"
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword), errors.Is(err, packets.ErrorRefusedNotAuthorised):
		return "it does not let this user in", "see the user and password, or the client certificate; cooler-cloud's own broker takes an admin's token as password, from cooler-cloud token create --role admin"
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return "it refuses the client id", "give another client id; some brokers tie it to the user"
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return "it takes nobody now (server unavailable)", "see the broker's log: it may have reached its limit of clients"
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return "it does not speak MQTT 3.1.1", "allow MQTT 3.1.1 at that port"
	case errors.Is(err, deliver.ErrKeepsNothing), errors.Is(err, errSubscribe):
		return "it lets us in, and its access list keeps us from our topics (" + said + ")", "allow this user what firmware-config/broker/acl allows coldshelf-ingest"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errNoAnswer), strings.Contains(said, "i/o timeout"):
		return fmt.Sprintf("%s does not answer", broker.Host), "see that the address is right, that it is an MQTT broker, and the firewalls on the way"
	case cut && Secure(broker):
		return "it hangs up when it is greeted with TLS", "it may want the client certificate and its key; or it speaks no TLS at that port: then say mqtt://, or give the port with TLS, 8883 most often"
	case cut:
		return "it hangs up without a word", "it may want TLS at that port: say mqtts://; or it is no MQTT broker"
	}
	return reason(err), "see that it is an MQTT broker that runs, and its log"
}

// parting gives the last word of a broker that shakes hands for TLS and then refuses the client's certificate, or misses
// one: what a client writes at once, as MQTT does, may reset the connection before that word is read. nil where there is none.
func parting(ctx context.Context, broker *url.URL, conf *tls.Config) error {
	if !Secure(broker) || broker.Scheme == "wss" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, partingTime)
	defer cancel()
	conn, err := (&tls.Dialer{Config: conf}).DialContext(ctx, "tcp", broker.Host)
	if err != nil {
		return nil // which the first try has told
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetReadDeadline(deadline); err != nil {
		return nil
	}
	_, err = conn.Read(make([]byte, 1))
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == remoteError {
		return err
	}
	return nil
}

// remoteError is how crypto/tls names what the other end has said before it hung up.
const remoteError = "remote error"

const partingTime = 2 * time.Second

// reason is the error without the word that paho puts before every one of the network.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), packets.ErrorNetworkError.Error()+" : ")
}

var errSubscribe = errors.New("it refuses the subscription")

// Probe connects as the service would, sees that it may hear boards and say and hear its own topics, and goes. It says and
// takes nothing of anybody else's. The error is one for Explain.
func Probe(ctx context.Context, cfg Config) error {
	s, err := New(cfg)
	if err != nil {
		return err
	}
	own, err := s.Session(ctx)
	if err != nil {
		return errors.Join(parting(ctx, s.url, cfg.TLS), err)
	}
	defer own.Close()
	var b [8]byte
	rand.Read(b[:])
	mark := "doctor-" + hex.EncodeToString(b[:])
	boards := strings.Replace(wire.AllUp, "+/+/+", mark+"/"+mark+"/"+mark, 1)
	token := own.client.Subscribe(boards, 1, func(mqtt.Client, mqtt.Message) {})
	if err := own.await(ctx, token); err != nil {
		return fmt.Errorf("subscribe %s: %w", boards, err)
	}
	if token.(*mqtt.SubscribeToken).Result()[boards] >= 0x80 {
		return fmt.Errorf("subscribe %s: %w", boards, errSubscribe)
	}
	_, err = own.Retained(ctx, deliver.CursorTopic(mark))
	return err
}
