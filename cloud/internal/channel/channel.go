// Package channel lists the channels by which people and programs can be told of alerts (webhook, e-mail, chat
// robots), and what an address of each looks like. It sends nothing: package deliver does.
package channel

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
)

// Formats in which somebody can be told.
const (
	Events   = "events"   // CloudEvents JSON, signed to the Standard Webhooks specification
	WeCom    = "wecom"    // 企业微信 group robot
	DingTalk = "dingtalk" // 钉钉 group robot
	Feishu   = "feishu"   // 飞书 group robot
	Email    = "email"    // the address is mailto:ADDRESS,ADDRESS…
)

// Formats lists them.
func Formats() []string { return []string{Events, WeCom, DingTalk, Feishu, Email} }

// Check says what is wrong with an address of a format.
func Check(format, address string) error {
	if !slices.Contains(Formats(), format) {
		return fmt.Errorf("unknown format %q", format)
	}
	if format == Email {
		_, err := Addressees(address)
		return err
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return fmt.Errorf("url %q: want https://host/path", address)
	}
	return nil
}

// CheckSecret says what is wrong with a secret of the Standard Webhooks specification.
func CheckSecret(secret string) error {
	text, ok := strings.CutPrefix(secret, "whsec_")
	if raw, err := base64.StdEncoding.DecodeString(text); !ok || err != nil || len(raw) < 24 || len(raw) > 64 {
		return errors.New("secret is not whsec_ and 24 to 64 bytes in base64, such as: echo whsec_$(head -c 32 /dev/urandom | base64)")
	}
	return nil
}

// Addressees reads a mailto URL.
func Addressees(raw string) ([]string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "mailto" || u.RawQuery != "" {
		return nil, fmt.Errorf("url %q: want mailto:ADDRESS", raw)
	}
	text, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return nil, fmt.Errorf("url %q: want mailto:ADDRESS", raw)
	}
	list, err := mail.ParseAddressList(text)
	if err != nil {
		return nil, fmt.Errorf("url %q: %w", raw, err)
	}
	var to []string
	for _, a := range list {
		to = append(to, a.Address)
	}
	return to, nil
}
