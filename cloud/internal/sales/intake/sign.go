package intake

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Signature is how a sender proves that he knows the secret. Over what it is made, Body or sorted
// parameters, and how, differs from platform to platform; docs/sales.md has the settings of some.
type Signature struct {
	Header    string `json:"header,omitempty"`    // that holds it; or
	Param     string `json:"param,omitempty"`     // the parameter of the address, the form or the JSON that does
	Algorithm string `json:"algorithm"`           // hmac-sha256, hmac-sha1, hmac-md5; md5-wrap: md5(secret+text+secret); md5-append: md5(text+secret); sha1-append, sha256-append
	Encoding  string `json:"encoding"`            // hex or base64
	Prefix    string `json:"prefix,omitempty"`    // before it, such as sha256=
	Over      string `json:"over"`                // body: the raw body; timestamp.body: header, a dot, the raw body; params: each name and value, sorted by name; query: the same as name=value joined by &
	Timestamp string `json:"timestamp,omitempty"` // header or parameter with the time of sending; one older than five minutes is refused
	Client    string `json:"client,omitempty"`    // put before the text, where the platform does so
}

var shopifySignature = &Signature{Header: "X-Shopify-Hmac-Sha256", Algorithm: "hmac-sha256", Encoding: "base64", Over: "body"}

// tolerance is how old a stamped delivery may be.
const tolerance = 5 * time.Minute

var hashes = map[string]func() hash.Hash{"sha256": sha256.New, "sha1": sha1.New, "md5": md5.New}

func (s *Signature) validate() error {
	if (s.Header == "") == (s.Param == "") {
		return fmt.Errorf("sign: give header or param, not both")
	}
	algorithms := []string{"hmac-sha256", "hmac-sha1", "hmac-md5", "md5-wrap", "md5-append", "sha1-append", "sha256-append"}
	if !slices.Contains(algorithms, s.Algorithm) {
		return fmt.Errorf("sign: algorithm is %q, want one of %s", s.Algorithm, strings.Join(algorithms, ", "))
	}
	if s.Encoding != "hex" && s.Encoding != "base64" {
		return fmt.Errorf("sign: encoding is %q, want hex or base64", s.Encoding)
	}
	if !slices.Contains([]string{"body", "timestamp.body", "params", "query"}, s.Over) {
		return fmt.Errorf("sign: over is %q, want body, timestamp.body, params or query", s.Over)
	}
	if s.Over == "timestamp.body" && s.Timestamp == "" {
		return fmt.Errorf("sign: timestamp is missing")
	}
	return nil
}

func (s *Signature) verify(secret string, d Delivery) error {
	params := s.params(d)
	given := d.Header.Get(s.Header)
	if s.Param != "" {
		given = params[s.Param]
	}
	given, ok := strings.CutPrefix(strings.TrimSpace(given), s.Prefix)
	if !ok || given == "" {
		return ErrSignature
	}
	stamp := d.Header.Get(s.Timestamp)
	if stamp == "" {
		stamp = params[s.Timestamp]
	}
	if s.Timestamp != "" && !fresh(stamp, d.Now) {
		return fmt.Errorf("%w: it is older than %s, or its time %q is not understood", ErrSignature, tolerance, stamp)
	}
	var got []byte
	var err error
	if s.Encoding == "base64" {
		got, err = base64.StdEncoding.DecodeString(given)
	} else {
		got, err = hex.DecodeString(given)
	}
	if err != nil || subtle.ConstantTimeCompare(got, s.sum(secret, s.text(d, stamp, params))) != 1 {
		return ErrSignature
	}
	return nil
}

func (s *Signature) sum(secret, text string) []byte {
	way, name, _ := strings.Cut(s.Algorithm, "-")
	if way == "hmac" {
		h := hmac.New(hashes[name], []byte(secret))
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	text += secret
	if name == "wrap" {
		text = secret + text
	}
	h := hashes[way]()
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (s *Signature) text(d Delivery, stamp string, params map[string]string) string {
	switch s.Over {
	case "body":
		return s.Client + string(d.Body)
	case "timestamp.body":
		return s.Client + stamp + "." + string(d.Body)
	}
	names := make([]string, 0, len(params))
	for name := range params {
		if name != s.Param && params[name] != "" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var parts []string
	for _, name := range names {
		if s.Over == "query" {
			parts = append(parts, name+"="+params[name])
		} else {
			parts = append(parts, name+params[name])
		}
	}
	if s.Over == "query" {
		return s.Client + strings.Join(parts, "&")
	}
	return s.Client + strings.Join(parts, "")
}

// params are those of the address and the form, and the texts and numbers at the top of a JSON body.
func (s *Signature) params(d Delivery) map[string]string {
	all := map[string]string{}
	for name, v := range d.Query {
		all[name] = v[0]
	}
	switch kind := d.Header.Get("Content-Type"); {
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(d.Body)); err == nil {
			for name, v := range form {
				all[name] = v[0]
			}
		}
	case s.Param != "" || s.Over == "params" || s.Over == "query":
		var top map[string]json.RawMessage
		if json.Unmarshal(d.Body, &top) == nil {
			for name, raw := range top {
				var word string
				if json.Unmarshal(raw, &word) != nil {
					word = string(raw)
				}
				all[name] = word
			}
		}
	}
	return all
}

// fresh reads a time of sending in seconds, milliseconds, RFC 3339, or as China's platforms write it.
func fresh(stamp string, now time.Time) bool {
	var at time.Time
	if n, err := strconv.ParseInt(stamp, 10, 64); err == nil {
		if at = time.Unix(n, 0); n > 1e11 {
			at = time.UnixMilli(n)
		}
	} else if at, err = time.Parse(time.RFC3339, stamp); err != nil {
		if at, err = time.ParseInLocation("2006-01-02 15:04:05", stamp, time.FixedZone("CST", 8*3600)); err != nil {
			return false
		}
	}
	return now.Sub(at).Abs() <= tolerance
}
